import CLinux
import Glibc
import Testing

/// Who is executed again is gone from here, so a test that goes on was not.
@Suite("The program that enters a container")
struct ReadOnlyExecutionTests {
    @Test(
        "of words that lead into no container it is not executed again",
        arguments: [
            [], ["cfs-runtime"], ["cfs-runtime", "--version"], ["cfs-runtime", "--root", "/x", "start", "a"],
            ["cfs-runtime", "delete", "--force", "creat"], ["cfs-runtime", "state", "created"],
            ["cfs-runtime", "kill", "runs"],
            ["cfs-runtime", "state", ""],
            // The engine's own words, whatever follows.
            ["cfs-runtime", "monitor", "create"], ["cfs-runtime", "enter", "exec"], ["cfs-runtime", "root", "run"],
        ])
    func nothingToDo(words: [String]) {
        #expect(execute(words) == 0)
    }

    @Test(
        "of words that lead into one it is, wherever they stand",
        arguments: [
            ["create", "a"], ["--root", "/x", "run", "a"], ["--log", "/x", "exec", "a", "ls"], ["restore", "a"],
        ])
    func executed(words: [String]) {
        // Longer than the kernel takes an argument (execve(2)), so that it comes back.
        let result = execute(["cfs-runtime"] + words + [String(repeating: "x", count: 200_000)])
        // Without root there is no mount to be made.
        #expect(result == -Int(geteuid() == 0 ? E2BIG : EPERM))
    }

    private func execute(_ words: [String]) -> Int {
        var pointers = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var nothing: [UnsafeMutablePointer<CChar>?] = [nil]
        return cfs_execute_read_only(&pointers, &nothing)
    }
}
