import CFSCore

/// The processes of a container as `cfs top` prints them.
struct ProcessList {
    let processes: [ContainerProcess]

    var table: String {
        var table = Table(["USER", "PID", "HPID", "PPID", "STAT", "ELAPSED", "TIME", "RSS", "COMMAND"])
        for process in processes {
            table.add([
                "\(process.user)", "\(process.pid)", "\(process.hostPID)", "\(process.parent)", "\(process.state)",
                Self.clock(seconds: process.elapsed), Self.processorTime(process.processorTime),
                "\(ByteCount(process.memory))", process.command,
            ])
        }
        return table.text
    }

    var json: JSON {
        .array(
            processes.map { process in
                [
                    "User": .integer(Int64(process.user)), "PID": .integer(Int64(process.pid)),
                    "HostPID": .integer(Int64(process.hostPID)), "ParentPID": .integer(Int64(process.parent)),
                    "State": .string(String(process.state)), "ElapsedSeconds": JSON(unsigned: process.elapsed),
                    "CPUMicroseconds": JSON(unsigned: process.processorTime), "Memory": JSON(unsigned: process.memory),
                    "Command": .string(process.command),
                ]
            })
    }

    /// `03:25`, `01:03:25`, `2-01:03:25`: as ps(1) writes `etime`.
    static func clock(seconds: UInt64) -> String {
        let (minutes, hours) = (seconds / 60 % 60, seconds / 3600 % 24)
        let text = "\(two(minutes)):\(two(seconds % 60))"
        if seconds >= 86_400 { return "\(seconds / 86_400)-\(two(hours)):\(text)" }
        return seconds >= 3600 ? "\(two(hours)):\(text)" : text
    }

    /// Minutes, seconds and hundredths for microseconds: `0:01.23`, as top(1) writes `TIME+`.
    static func processorTime(_ microseconds: UInt64) -> String {
        let hundredths = microseconds / 10_000
        return "\(hundredths / 6000):\(two(hundredths / 100 % 60)).\(two(hundredths % 100))"
    }

    private static func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
