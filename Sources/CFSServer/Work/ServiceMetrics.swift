import CFSCore

/// What `GET /metrics` tells: answers, connections, containers and what they use.
enum ServiceMetrics {
    static func text(_ service: RestService) throws -> String {
        var text = MetricsText()
        service.measures.registry.write(to: &text)
        text.family("cfsd_connections", "gauge", "Open connections.")
        text.sample([], Double(service.load.count))
        text.family("cfsd_event_listeners", "gauge", "Readers of /events.")
        text.sample([], Double(service.hub.count))
        let records = try service.engine.containers()
        text.family("cfs_containers", "gauge", "Containers, by state.")
        for status in ["created", "restarting", "running", "paused", "stopping", "exited", "dead"] {
            text.sample([("status", status)], Double(records.count { $0.statusName == status }))
        }
        let readings = try service.engine.statisticsReader().read()
        func each(_ value: (ContainerStatistics) -> Double?) {
            for reading in readings {
                guard let value = value(reading) else { continue }
                text.sample([("id", reading.id.text), ("name", reading.name)], value)
            }
        }
        text.family("cfs_container_cpu_seconds_total", "counter", "Processor time of a running container.")
        each { $0.use.cpu.map { Double($0.usage) / 1e6 } }
        text.family("cfs_container_memory_bytes", "gauge", "Memory of a running container.")
        each { $0.use.memory.map { Double($0.current) } }
        text.family("cfs_container_processes", "gauge", "Processes of a running container.")
        each { $0.use.pids.map { Double($0.current) } }
        network(readings, &text)
        return text.text
    }

    private static func network(_ readings: [ContainerStatistics], _ text: inout MetricsText) {
        func each(_ value: (NetworkUse.Direction) -> UInt64) {
            for reading in readings {
                for device in reading.networks ?? [] {
                    for (direction, way) in [("received", device.received), ("sent", device.sent)] {
                        text.sample(
                            [
                                ("id", reading.id.text), ("name", reading.name), ("interface", device.interface),
                                ("network", device.network), ("direction", direction),
                            ], Double(value(way)))
                    }
                }
            }
        }
        text.family("cfs_container_network_bytes_total", "counter", "Bytes through the devices of a running container.")
        each(\.bytes)
        text.family("cfs_container_network_packets_total", "counter", "Packets through them.")
        each(\.packets)
        text.family(
            "cfs_container_network_dropped_total", "counter", "Packets that a device or the queue of its rate lost.")
        each { $0.dropped &+ ($0.limit?.dropped ?? 0) }
    }
}
