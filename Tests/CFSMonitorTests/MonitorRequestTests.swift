import CFSModel
import CFSMonitor
import Testing

@Suite("A container as its monitor gets it")
struct MonitorRequestTests {
    private static let spec = RuntimeSpec(root: .init(path: "rootfs", readonly: true), process: .init(args: ["true"]))

    @Test("everything reads back as it was")
    func roundTrip() throws {
        var request = MonitorRequest(id: ContainerID(), spec: Self.spec, layers: ["/top", "/bottom"])
        request.isVolatile = true
        request.user = "web:audio"
        request.groups = ["video", "44"]
        request.initProcess = true
        request.autoRemove = true
        request.interactive = true
        request.seccompFilter = "/f"
        request.cgroupMountPoint = "/sys/fs/cgroup"
        request.cgroupFolder = "/sys/fs/cgroup/cfs"
        request.stopSignal = 3
        request.stopTimeout = 86_400
        request.log.isKept = false
        (request.log.fileSize, request.log.fileCount) = (10 << 20, 3)
        let read = try MonitorRequest(json: JSON(parsing: request.json.bytes(), what: "config.json"))
        #expect(read.json == request.json)
        #expect(read.id == request.id && read.spec == request.spec && read.layers == ["/top", "/bottom"])
        #expect(read.isVolatile && read.initProcess && read.autoRemove && read.interactive)
        #expect(read.groups == ["video", "44"] && read.stopTimeout == 86_400)
        #expect(read.user == "web:audio" && read.seccompFilter == "/f" && read.stopSignal == 3)
        #expect(read.log == request.log && read.log != LogPolicy())
        #expect(read.cgroupMountPoint == "/sys/fs/cgroup" && read.cgroupFolder == "/sys/fs/cgroup/cfs")
    }

    @Test("what is not asked for stays off")
    func defaults() throws {
        let request = MonitorRequest(id: ContainerID(), spec: Self.spec, layers: [])
        let read = try MonitorRequest(json: JSON(parsing: request.json.bytes(), what: "config.json"))
        #expect(!read.isVolatile && !read.initProcess && !read.autoRemove && !read.interactive)
        #expect(read.log == LogPolicy() && read.log.isKept && read.log.fileSize == 64 << 20 && read.log.fileCount == 2)
        #expect(read.groups == [] && read.stopTimeout == nil)
        #expect(read.user == "" && read.seccompFilter == nil && read.cgroupMountPoint == nil && read.stopSignal == 15)
    }

    @Test("a number of log files that no log has becomes the nearest one", arguments: [(0, 1), (-5, 1), (5000, 1000)])
    func logFiles(written: Int, read: Int) throws {
        var request = MonitorRequest(id: ContainerID(), spec: Self.spec, layers: [])
        request.log.fileCount = written
        #expect(try MonitorRequest(json: request.json).log.fileCount == read)
    }

    @Test("a time to stop that none can have is none", arguments: [-1, 86_401, Int.max])
    func stopTimeout(written: Int) throws {
        var request = MonitorRequest(id: ContainerID(), spec: Self.spec, layers: [])
        request.stopTimeout = written
        #expect(try MonitorRequest(json: request.json).stopTimeout == nil)
    }

    @Test("a document without id, configuration or layers is refused, and so is an id that is a path")
    func incomplete() throws {
        let whole = MonitorRequest(id: ContainerID(), spec: Self.spec, layers: ["/l"]).json
        for key in ["id", "oci", "engine"] {
            var object = try #require(whole.object)
            object[key] = nil
            #expect(throws: CFSError.self, "\(key)") { try MonitorRequest(json: .object(object)) }
        }
        var object = try #require(whole.object)
        object["id"] = "../../../../../../../etc/passwd-------"
        #expect(throws: CFSError.self) { try MonitorRequest(json: .object(object)) }
    }
}
