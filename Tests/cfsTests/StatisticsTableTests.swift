import Testing

@testable import CFSCore
@testable import cfs

@Suite("The table of what containers use")
struct StatisticsTableTests {
    private func text(
        _ rows: [StatisticsRow], width: Int? = nil, style: Style = .plain, measuresPressure: Bool = false
    ) -> String {
        StatisticsTable(
            rows: rows, memory: 4 << 30, processors: 4, measuresPressure: measuresPressure, style: style, width: width
        ).text
    }

    private let whole = StatisticsRow(
        Readings.whole(seconds: 2, cpu: 1_500_000, periods: 10, throttled: 1), before: Readings.whole(seconds: 1))
    private let plain = StatisticsRow(
        Readings.plain("db", seconds: 2, cpu: 10_000), before: Readings.plain("db", seconds: 1))

    @Test("a part whose controller is missing is a dash, and what is not limited is measured against the machine")
    func all() {
        var unlimited = Readings.whole("free", seconds: 2)
        unlimited.use.memory?.max = .unlimited
        #expect(
            text([whole, plain, StatisticsRow(unlimited, before: nil)]) == """
                CONTAINER ID   NAME   CPU %     MEM USAGE / LIMIT    MEM %    NET I/O           BLOCK I/O         PIDS   THROTTLED   PRESSURE
                0f8fad5b-d9c   web    150.00%   50.0MiB / 100.0MiB   50.00%   1.5KiB / 3.0KiB   3.0KiB / 6.0KiB   5      10.00%      io 12.50%
                0f8fad5b-d9c   db     1.00%     -                    -        -                 -                 -      -           -
                0f8fad5b-d9c   free   -         50.0MiB / 4.0GiB     1.22%    1.5KiB / 3.0KiB   3.0KiB / 6.0KiB   5      -           io 12.50%

                """)
    }

    @Test("without pressure on the host there is no such column")
    func noPressure() {
        #expect(
            text([plain]) == """
                CONTAINER ID   NAME   CPU %   MEM USAGE / LIMIT   MEM %   NET I/O   BLOCK I/O   PIDS   THROTTLED
                0f8fad5b-d9c   db     1.00%   -                   -       -         -           -      -

                """)
        #expect(
            text([])
                == "CONTAINER ID   NAME   CPU %   MEM USAGE / LIMIT   MEM %   NET I/O   BLOCK I/O   PIDS   THROTTLED\n")
    }

    @Test("containers that do not run have the header of those that do")
    func stopped() {
        let header =
            "CONTAINER ID   NAME   CPU %   MEM USAGE / LIMIT   MEM %   NET I/O   BLOCK I/O   PIDS   THROTTLED   PRESSURE"
        #expect(text([], measuresPressure: true) == "\(header)\n")
        #expect(
            text([StatisticsRow(id: Readings.id, name: "web")], measuresPressure: true) == """
                \(header)
                0f8fad5b-d9c   web    -       -                   -       -         -           -      -           -

                """)
        let withoutCgroup = text([plain], measuresPressure: true)
        #expect(withoutCgroup.hasSuffix("-      -\n") && !withoutCgroup.contains("PRESSURE"))
    }

    @Test("on a wide terminal there are bars: of the quota, or of the machine")
    func bars() {
        let wide = text([whole, plain], width: 200)
        #expect(wide.contains("[||||||  ]  150.00%"))
        #expect(wide.contains("[|       ]    1.00%"))
        #expect(wide.contains("[||||    ]   50.00%"))
    }

    @Test("no line reaches the last cell of a terminal, however narrow", arguments: 1...160)
    func narrow(width: Int) {
        let long = StatisticsRow(id: Readings.id, name: "a-container-with-a-name-of-some-length")
        for line in text([whole, plain, long], width: width).split(separator: "\n") where width > 1 {
            #expect(DisplayWidth.of(String(line)) < width)
        }
    }

    @Test("where it is narrow, what says nothing goes first, and the processors stay")
    func columns() {
        #expect(text([plain], width: 30).hasPrefix("CONTAINER ID   NAME   CPU %\n"))
        let narrow = text([whole, plain], width: 40)
        #expect(narrow.hasPrefix("NAME   CPU %     MEM %    PIDS\n"), "\(narrow)")
        let tiny = text([StatisticsRow(id: Readings.id, name: "abcdefghijklmnop")], width: 16)
        #expect(tiny == "NAME      CPU %\nabcdef…   -\n")
    }

    @Test("what is near its limit is yellow, what has reached it red, and what has none is never coloured")
    func colours() {
        let style = Style(isColoured: true)
        let full = StatisticsRow(
            Readings.whole(seconds: 2, cpu: 1_700_000, memory: 99 << 20, pids: 3), before: Readings.whole(seconds: 1))
        let lines = text([full], style: style)
        #expect(lines.contains(style.yellow("170.00%")))
        #expect(lines.contains(style.red("99.00%")) && lines.contains(style.red("99.0MiB / 100.0MiB")))
        #expect(!lines.contains(style.red("3")) && !lines.contains(style.yellow("3")))
        let free = StatisticsRow(Readings.plain(seconds: 2, cpu: 4_000_000), before: Readings.plain(seconds: 1))
        #expect(text([free], style: style) == text([free]))
        #expect(text([full], style: .plain).contains("\u{1b}") == false)
    }

    @Test("a name steers no terminal")
    func printable() {
        let row = StatisticsRow(id: Readings.id, name: "\u{1b}[31m")
        #expect(text([row]).contains("\\x1b[31m"))
        for width in 1...40 { #expect(!text([row], width: width).contains("\u{1b}")) }
    }
}

@Suite("What containers use, as JSON")
struct StatisticsJSONTests {
    @Test("whole values, and nothing that is not measured")
    func members() throws {
        let whole = StatisticsRow(
            Readings.whole(seconds: 2, cpu: 333_333, periods: 4, throttled: 1), before: Readings.whole(seconds: 1))
        let object = try #require(StatisticsJSON.array([whole]).array?.first)
        #expect(object["Name"] == "web" && object["Running"] == true && object["CPUPercent"] == .number(33.33))
        #expect(object["CPU"]?["Limit"] == .number(2) && object["CPU"]?["ThrottledPeriods"] == 1)
        let memory = try #require(object["Memory"])
        #expect(memory["Usage"]?.integer == 50 << 20 && memory["Current"]?.integer == 58 << 20)
        #expect(memory["Limit"]?.integer == 100 << 20 && memory["Peak"] == nil && memory["High"] == nil)
        #expect(object["PIDs"] == ["Current": 5, "Limit": 10, "Refused": 0])
        #expect(object["IO"]?.array?.map { $0["Device"] } == ["8:0", "8:16"])
        let devices = try #require(object["Networks"]?.array)
        #expect(
            devices.first == [
                "Interface": "eth0", "Network": "net-eth0",
                "Received": ["Bytes": 1024, "Packets": 3, "Errors": 0, "Dropped": 1],
                "Sent": ["Bytes": 2048, "Packets": 5, "Errors": 2, "Dropped": 0],
            ])
        #expect(devices.count == 2 && devices[1]["Received"]?["Bytes"] == 512)
        #expect(object["Pressure"]?["IO"]?["Some"]?["Average10"] == .number(12.5))
        #expect(object["Pressure"]?["Memory"] == nil && object["HugePages"] == nil)
    }

    @Test("a rate stands beside what its queue has done")
    func limits() {
        var reading = Readings.plain()
        var device = Readings.network("eth0", bytes: 1)
        device.sent.limit = NetworkUse.Limit(bitsPerSecond: 20_000_000, dropped: 4, delayed: 9, waitingBytes: 3028)
        reading.networks = [device]
        let shown = StatisticsJSON.array([StatisticsRow(reading, before: nil)]).array?.first?["Networks"]?.array?.first
        let expected: JSON = ["BitsPerSecond": 20_000_000, "Dropped": 4, "Delayed": 9, "WaitingBytes": 3028]
        #expect(shown?["Sent"]?["Limit"] == expected && shown?["Received"]?["Limit"] == nil)
        reading.networks = []
        let none = StatisticsJSON.array([StatisticsRow(reading, before: nil)]).array?.first?["Networks"]
        #expect(none == .array([]))
    }

    @Test("a container that does not run has no values")
    func stopped() {
        let expected: JSON = [["ID": .string(Readings.id.text), "Name": "web", "Running": false]]
        #expect(StatisticsJSON.array([StatisticsRow(id: Readings.id, name: "web")]) == expected)
        let plain = StatisticsJSON.array([StatisticsRow(Readings.plain(), before: nil)])
        #expect(plain.array?.first?.object?.entries.map(\.key) == ["ID", "Name", "Running", "CPU"])
    }
}
