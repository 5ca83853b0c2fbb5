import Testing

@testable import CFSCore
@testable import cfs

@Suite("The list of processes")
struct ProcessListTests {
    private let list = ProcessList(processes: [
        ContainerProcess(
            pid: 1, hostPID: 4711, parent: 0, user: 0, state: "S", processorTime: 61_234_567, elapsed: 3725,
            memory: 1_572_864, command: "sh -c \u{1b}[31m"),
        ContainerProcess(
            pid: 12, hostPID: 4720, parent: 1, user: 1000, state: "R", processorTime: 0, elapsed: 5, memory: 0,
            command: "[worker]"),
    ])

    @Test("the table has both numbers, and steers no terminal")
    func table() {
        #expect(
            list.table == """
                USER   PID   HPID   PPID   STAT   ELAPSED    TIME      RSS      COMMAND
                0      1     4711   0      S      01:02:05   1:01.23   1.5MiB   sh -c \\x1b[31m
                1000   12    4720   1      R      00:05      0:00.00   0B       [worker]

                """)
    }

    @Test("the JSON has whole values")
    func json() {
        let expected: JSON = [
            "User": 0, "PID": 1, "HostPID": 4711, "ParentPID": 0, "State": "S", "ElapsedSeconds": 3725,
            "CPUMicroseconds": 61_234_567, "Memory": 1_572_864, "Command": "sh -c \u{1b}[31m",
        ]
        #expect(list.json.array?.first == expected)
    }

    @Test(
        "times as ps and top write them",
        arguments: [(0, "00:00"), (59, "00:59"), (3599, "59:59"), (86_399, "23:59:59"), (183_845, "2-03:04:05")])
    func clock(seconds: UInt64, text: String) { #expect(ProcessList.clock(seconds: seconds) == text) }

    @Test("processor time does not stop at an hour")
    func long() { #expect(ProcessList.processorTime(3_661_050_000) == "61:01.05") }
}
