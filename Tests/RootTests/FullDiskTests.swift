import TestSupport
import Testing

@Suite("A disk that is full while a container runs", .needsHost, .engine)
struct FullDiskTests: EngineSuite {
    /// Runs a script in a folder of its own, with a mount namespace that goes with it: the tests run at the same time.
    private func hostWithMounts(in folder: String, _ script: String) -> CommandResult {
        engine.folder.write(script, to: "\(folder)/script")
        return engine.host("cd \(folder) && unshare -m --propagation private bash ./script", seconds: 600)
    }

    @Test("the command goes on, and its output and its status arrive; ps and inspect say the same, now and later")
    func outcome() throws {
        let fill = "echo before; dd if=/dev/zero of=/fill bs=64k 2>/dev/null; seq 20000; exit 3"
        let result = hostWithMounts(
            in: "outcome",
            """
            mkdir small && mount -t tmpfs -o size=40m none small || exit 99
            CFS="\(engine.binary) --root $PWD/small/root --run $PWD/small-run"
            $CFS run --rm BusyBox true || exit 98
            # Without a reserve: the record of its end needs room in its own folder.
            : >small/root/reserve
            $CFS run --name filler BusyBox sh -c "\(fill)" >out; echo $?
            (echo before; seq 20000) | cmp - out && echo same
            rm small/root/containers/*/upper/fill
            $CFS logs filler | head -n 1
            $CFS ps -a --format json >ps.json
            $CFS inspect filler >inspect.json
            $CFS system recover
            ls small-run
            $CFS inspect filler | cmp - inspect.json && echo moved
            $CFS rm filler && ls small-run small/root/containers
            """)
        let id = try #require(try json("outcome/inspect.json")[0]["Id"].text, "\(result.output) \(result.errors)")
        #expect(
            result.lines == [
                "3", "same", "before", id, "1 container put right, 0 cgroups and 0 folders removed", "moved",
                "filler", "small-run:", "small/root/containers:",
            ], "\(result.errors)")
        #expect(result.errors.contains("warning: its log is incomplete: No space left on device"), "\(result.errors)")
        #expect(
            result.errors.contains(
                "warning: how it ended is written down in \(engine.folder("outcome/small-run"))/\(id)"))
        let listed = try json("outcome/ps.json").array
        #expect(listed.map { $0["ExitCode"].number } == [3])
        let state = try json("outcome/inspect.json")[0]["State"]
        #expect(state["Status"].text == "exited" && state["ExitCode"].number == 3)
        #expect(state["Warnings"].texts == ["its log is incomplete: No space left on device"])
    }

    /// A disk of six mebibytes with a container `other` that runs, and functions of it: `fill` lets a container `fill` take all of
    /// the disk, and then what SQLite's processes share, as if nobody had looked since; `free` says how much is free, in KiB.
    private func onSmallDisk(in folder: String, _ script: String) -> CommandResult {
        hostWithMounts(
            in: folder,
            """
            mkdir small && mount -t tmpfs -o size=6m none small || exit 99
            CFS="\(engine.binary) --root $PWD/small/root --run $PWD/small-run"
            free() { df --output=avail -B1k small | tail -n 1 | tr -d ' '; }
            take() { head -c 10m /dev/zero >"small/root/containers/$id/upper/$1" 2>/dev/null; }
            fill() {
                $CFS run --name fill BusyBox dd if=/dev/zero of=/big bs=64k 2>/dev/null && exit 97
                id=$($CFS ps -aq --no-trunc --filter name=fill)
                truncate -s 3 small/root/registry.db-shm
                take rest
                if [ "$(free)" != 0 ]; then echo "$(free)KiB are free"; fi
            }
            $CFS run -d --name other BusyBox sleep 1000 >/dev/null || exit 98
            \(script)
            $CFS ps -aq | xargs -r $CFS rm -f >/dev/null
            """)
    }

    @Test("containers are listed and told of on a full disk, none is made, and doctor says why")
    func reading() throws {
        let result = onSmallDisk(
            in: "reading",
            """
            fill
            $CFS ps -a --format '{{.Names}} {{.State}}'
            $CFS history --format json >history.json; echo "history $?"
            $CFS doctor --format json >doctor.json
            $CFS create --name more BusyBox true; echo "create $?"
            $CFS rename other another; echo "rename $?"
            stat -c %a small/root/reserve
            # But for the record of an end.
            if [ "$(stat -c %s small/root/reserve)" -ge 200000 ]; then echo kept; fi
            $CFS kill -s HUP other; echo "kill $?"
            if [ "$(stat -c %s small/root/reserve)" -ge 200000 ]; then echo kept; fi
            """)
        #expect(
            result.lines == [
                "fill exited", "other running", "history 0", "create 125", "rename 1", "600", "kept", "other",
                "kill 0", "kept",
            ], "\(result.errors)")
        let root = engine.folder("reading/small/root")
        let cfs = "cfs --root \(root) --run \(engine.folder("reading/small-run"))"
        let hint =
            "  hint: make room on the disk of \(root): stop what still writes there, then remove containers with "
            + "`\(cfs) rm`, or what nobody uses with `\(cfs) system prune`"
        let told = result.errors.split(separator: "\n")
        #expect(told.filter { $0 == hint }.count == 2, "\(result.errors)")
        #expect(told.filter { $0.contains("No space left on device") }.count == 2, "\(result.errors)")
        #expect(!result.errors.contains("disk I/O error"), "\(result.errors)")
        let runs = try json("reading/history.json").array
        #expect(runs.map { $0["Name"].text } == ["other", "fill"])
        #expect(runs.map { $0["ExitCode"].number } == [nil, 1])
        let store = try #require(try json("reading/doctor.json").array.first { $0["Name"].text == "store" })
        #expect(store["Verdict"].text == "warning")
        #expect(store["Detail"].text == "\(engine.folder("reading/small/root")) on tmpfs, with 0B of 6.0MiB free")
        #expect(store["Hint"].text?.contains("cfs system prune") == true)
    }

    @Test(
        "what makes room works on a full disk, and keeps some for the next time",
        arguments: ["rm fill", "rm -f fill", "container prune -f", "system prune -f"])
    func removing(verb: String) throws {
        let folder = verb.replacing(" ", with: "-")
        let result = onSmallDisk(
            in: folder,
            """
            for time in 1 2; do
                fill
                $CFS \(verb) >/dev/null; echo "status $?"
                if [ "$(free)" -gt 1500 ]; then echo "room"; fi
                stat -c '%a %s' small/root/reserve
                $CFS ps -a --format '{{.Names}} {{.State}}'
            done
            $CFS history --format json >history.json
            """)
        let round = ["status 0", "room", "600 262144", "other running"]
        #expect(
            result.lines == round + round && !result.errors.contains("No space"), "\(result.output) \(result.errors)")
        let entries = try json("\(folder)/history.json").array
        #expect(entries.map { $0["Verb"].text } == ["run", "run", "rm", "run", "rm"])
        #expect(entries.map { $0["ExitCode"].number } == [nil, 1, nil, 1, nil])
    }

    @Test("a container is stopped, killed, started anew and removed with its image on a full disk")
    func stopping() throws {
        let result = onSmallDisk(
            in: "stopping",
            """
            fill
            $CFS stop -t 0 other; echo "stop $?"
            $CFS rm fill
            $CFS start other && fill
            $CFS kill other; echo "kill $?"
            $CFS wait other
            $CFS rm fill
            $CFS start other && fill
            $CFS rm -f other; echo "rm $?"
            $CFS image rm -f BusyBox >/dev/null; echo "image $?"
            $CFS rm fill
            $CFS history --format json >history.json
            """)
        #expect(
            result.lines == [
                "other", "stop 0", "fill", "other", "other", "kill 0", "137", "fill", "other", "other", "rm 0",
                "image 0", "fill",
            ] && !result.errors.contains("No space"), "\(result.output) \(result.errors)")
        let runs = try json("stopping/history.json").array.filter { $0["Name"].text == "other" }
        #expect(
            runs.map { $0["Verb"].text } == ["run", "stop", "start", "kill", "start", "kill", "rm"], "\(runs)")
        #expect(runs.map { $0["ExitCode"].number } == [137, nil, 137, nil, 137, nil, nil])
    }

    @Test(
        "where something has taken the reserve as well, containers are stopped and removed all the same",
        arguments: ["rm fill", "rm -f fill", "container prune -f"])
    func withoutReserve(verb: String) {
        let result = onSmallDisk(
            in: "without-reserve-" + verb.replacing(" ", with: "-"),
            """
            fill
            : >small/root/reserve
            take last
            $CFS stop -t 0 other; echo "stop $?"
            $CFS ps -a --format '{{.Names}} {{.State}}'
            $CFS \(verb) >/dev/null; echo "status $?"
            if [ "$(free)" -gt 1500 ]; then echo "room"; fi
            $CFS ps -a --format '{{.Names}}' | grep -c fill
            stat -c '%a %s' small/root/reserve
            """)
        #expect(
            result.lines == [
                "other", "stop 0", "fill exited", "other exited", "status 0", "room", "0", "600 262144",
            ], "\(result.output) \(result.errors)")
    }

    @Test("the record of an end finds room in the reserve; without one, that of the last run counts")
    func records() throws {
        let again = "test -e /again || { touch /again; exit 4; }; dd if=/dev/zero of=/big bs=64k 2>/dev/null; exit 5"
        let result = onSmallDisk(
            in: "records",
            """
            fill
            test -e small/root/containers/$id/exit.json; echo "in its place $?"
            test -e small-run/$id; echo "elsewhere $?"
            $CFS rm fill
            $CFS run --name twice BusyBox sh -c "\(again)"; echo "first $?"
            id=$($CFS ps -aq --no-trunc --filter name=twice)
            : >small/root/reserve
            $CFS start -a twice 2>/dev/null; echo "second $?"
            test -e small-run/$id/exit.json; echo "elsewhere $?"
            $CFS inspect twice >full.json
            rm small/root/containers/$id/upper/big
            $CFS system recover >/dev/null
            $CFS inspect twice >recovered.json
            test -e small-run/$id; echo "elsewhere $?"
            $CFS history --format json >history.json
            """)
        #expect(
            result.lines == [
                "in its place 0", "elsewhere 1", "fill", "first 4", "second 5", "elsewhere 0", "elsewhere 1",
            ], "\(result.output) \(result.errors)")
        for name in ["full", "recovered"] {
            let state = try json("records/\(name).json")[0]["State"]
            #expect(state["Status"].text == "exited" && state["ExitCode"].number == 5, "\(name)")
        }
        let runs = try json("records/history.json").array.filter { $0["Name"].text == "twice" }
        #expect(runs.map { $0["ExitCode"].number } == [4, 5])
    }

    @Test("an end that the journal had no room for is told by history all the same")
    func untold() throws {
        let result = onSmallDisk(
            in: "untold",
            """
            mount --bind /dev/full small/root/events/journal || exit 96
            $CFS run --name untold BusyBox sh -c "exit 6"; echo "run $?"
            $CFS stop -t 0 other; echo "stop $?"
            umount small/root/events/journal
            $CFS history --format json >history.json
            $CFS history --format json | cmp - history.json && echo same
            """)
        #expect(result.lines == ["run 6", "other", "stop 0", "same"], "\(result.errors)")
        let entries = try json("untold/history.json").array
        #expect(entries.map { $0["Verb"].text } == ["run", "run", "stop"])
        #expect(entries.map { $0["ExitCode"].number } == [137, 6, nil])
    }

    @Test("without a reserve, what removes itself is killed and removed, and a stop is told where there was one")
    func withoutClaims() throws {
        let result = onSmallDisk(
            in: "without-claims",
            """
            $CFS create --name new BusyBox true >/dev/null
            $CFS run -d --rm --name gone BusyBox sh -c "dd if=/dev/zero of=/x bs=64k count=16; sleep 1000" >/dev/null
            until [ "$(stat -c %s small/root/containers/*/upper/x 2>/dev/null)" = 1048576 ]; do sleep 0.1; done
            fill
            : >small/root/reserve
            take last
            $CFS stop new; if [ $? != 0 ]; then echo "not stopped"; fi
            $CFS stop -t 0 other; echo "stop $?"
            grep -c '"action": *"stop"' small/root/events/journal
            $CFS rm -f gone; echo "rm $?"
            $CFS ps -a --format '{{.Names}} {{.State}}'
            $CFS history --format json >history.json
            """)
        #expect(
            result.lines == [
                "not stopped", "other", "stop 0", "1", "gone", "rm 0", "fill exited", "new created", "other exited",
            ], "\(result.output) \(result.errors)")
        #expect(result.errors.contains("the container new has not been started"), "\(result.errors)")
        let entries = try json("without-claims/history.json").array.filter { $0["Name"].text == "gone" }
        #expect(entries.contains { $0["Verb"].text == "rm" }, "\(entries)")
    }

    private func json(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: Array((textOfFile(engine.folder(name)) ?? "").utf8))
    }

    @Test("wherever the room in the run folder ends, a command runs, or nothing of it is left")
    func runFolder() {
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let result = hostWithMounts(
            in: "run-folder",
            """
            mkdir tiny
            CFS="\(engine.binary) --root \(engine.root) --run $PWD/tiny"
            for inodes in $(seq 2 12); do
                mount -t tmpfs -o nr_inodes=$inodes none tiny || exit 99
                $CFS run --name tiny BusyBox sh -c "echo ran; exit 7" >out 2>err
                case $?-$(cat out) in
                    7-ran) $CFS rm tiny >/dev/null && echo ran ;;
                    125-*) grep -q "No space left on device" err && echo refused || cat err ;;
                    *) cat out err ;;
                esac
                ls tiny \(engine.root)/containers
                umount tiny
            done
            """)
        let outcomes = result.lines.filter { $0 != "\(engine.root)/containers:" && $0 != "tiny:" }
        #expect(outcomes.count == 11 && Set(outcomes) == ["ran", "refused"], "\(result.output) \(result.errors)")
        #expect(outcomes.first == "refused" && outcomes.last == "ran")
    }
}
