#include <sqlite3.h>

// sqlite3_db_config(3) takes a variable number of arguments, which Swift cannot pass.

/// Leaves the write-ahead log where it is when the last connection closes: writing it back then would cost every short
/// process two fdatasync(2), and the next one a new log.
static inline int cfs_sqlite_keep_log(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// The macro is an expression, which Swift does not take over.
static const int cfs_sqlite_short_read = SQLITE_IOERR_SHORT_READ;
