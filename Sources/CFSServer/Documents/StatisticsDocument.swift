import CFSCore
import CFSLinux

/// What a container uses. A part whose controller the machine does not have is left out.
enum StatisticsDocument {
    static func json(_ reading: ContainerStatistics, since before: ContainerStatistics?) -> JSONObject {
        let use = reading.use
        var object = JSONObject([
            ("id", .string(reading.id.text)), ("name", .string(reading.name)),
            ("at", .string(Timestamp.text(SystemClock.realtime))),
        ])
        object["cpu"] = before.flatMap { reading.processors(since: $0) }.map {
            .number(($0 * 10_000).rounded() / 10_000)
        }
        object["cpuMicroseconds"] = use.cpu.map { JSON(unsigned: $0.usage) }
        object["memory"] = use.memory.map { memory in
            var part = JSONObject([
                ("usage", JSON(unsigned: memory.workingSet)), ("current", JSON(unsigned: memory.current)),
            ])
            part["peak"] = memory.peak.map { JSON(unsigned: $0) }
            if case .at(let limit)? = memory.max { part["limit"] = JSON(unsigned: limit.bytes) }
            return .object(part)
        }
        object["pids"] = use.pids.map { pids in
            var part = JSONObject([("current", JSON(unsigned: pids.current))])
            if case .at(let limit)? = pids.max { part["limit"] = JSON(unsigned: UInt64(limit)) }
            return .object(part)
        }
        object["io"] = use.io.map { disks in
            [
                "readBytes": JSON(unsigned: disks.reduce(0) { $0 &+ $1.readBytes }),
                "writtenBytes": JSON(unsigned: disks.reduce(0) { $0 &+ $1.writtenBytes }),
            ]
        }
        var pressure = JSONObject()
        pressure["cpu"] = use.cpuPressure.map { .number($0.some.average10) }
        pressure["memory"] = use.memoryPressure.map { .number($0.some.average10) }
        pressure["io"] = use.ioPressure.map { .number($0.some.average10) }
        if !pressure.isEmpty { object["pressure"] = .object(pressure) }
        return object
    }
}

/// A line of a log.
enum LogDocument {
    static func json(_ line: LogLine) -> JSON {
        [
            "time": .string(Timestamp.text(line.time)), "stream": .string(line.stream == .stderr ? "stderr" : "stdout"),
            "text": .string(String(decoding: line.bytes, as: UTF8.self)),
        ]
    }
}
