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
        object["networks"] = reading.networks.map { .array($0.map(network)) }
        var pressure = JSONObject()
        pressure["cpu"] = use.cpuPressure.map { .number($0.some.average10) }
        pressure["memory"] = use.memoryPressure.map { .number($0.some.average10) }
        pressure["io"] = use.ioPressure.map { .number($0.some.average10) }
        if !pressure.isEmpty { object["pressure"] = .object(pressure) }
        return object
    }

    private static func network(_ device: NetworkUse) -> JSON {
        [
            "interface": .string(device.interface), "network": .string(device.network),
            "received": .object(direction(device.received)), "sent": .object(direction(device.sent)),
        ]
    }

    private static func direction(_ way: NetworkUse.Direction) -> JSONObject {
        var object = JSONObject([
            ("bytes", JSON(unsigned: way.bytes)), ("packets", JSON(unsigned: way.packets)),
            ("errors", JSON(unsigned: way.errors)), ("dropped", JSON(unsigned: way.dropped)),
        ])
        object["limit"] = way.limit.map { limit in
            [
                "bitsPerSecond": JSON(unsigned: limit.bitsPerSecond), "dropped": JSON(unsigned: limit.dropped),
                "delayed": JSON(unsigned: limit.delayed), "waitingBytes": JSON(unsigned: limit.waitingBytes),
            ]
        }
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
