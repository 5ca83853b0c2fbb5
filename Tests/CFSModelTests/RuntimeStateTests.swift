import CFSModel
import Testing

@Suite("The state and the features of a runtime")
struct RuntimeStateTests {
    private static func json(_ text: String) throws(CFSError) -> JSON {
        try JSON(parsing: Array(text.utf8), what: "document")
    }

    @Test("the specification's example of a state is read, and reads back as it was")
    func state() throws {
        let said = try Self.json(RuntimeExamples.stateSpecExample)
        let state = try RuntimeState(json: said)
        #expect(
            state
                == RuntimeState(
                    ociVersion: "0.2.0", id: "oci-container1", status: .running, pid: 4422,
                    bundle: "/containers/redis", annotations: ["myKey": "myValue"]))
        #expect(state.json == said)
        #expect(throws: CFSError.self) { try Self.json(RuntimeExamples.badStateInvalidJson) }
    }

    @Test("a state may be one of another runtime's, and have no process and no annotations")
    func otherState() throws {
        let text = #"{"ociVersion":"1.3.0","id":"a","status":"checkpointed","bundle":"/b"}"#
        let state = try RuntimeState(json: Self.json(text))
        #expect(state.status.rawValue == "checkpointed" && state.pid == nil)
        #expect(state.json.text() == text)
        #expect(try RuntimeState(json: Self.json(#"{"unheardOf": 1, "# + text.dropFirst())) == state)
    }

    @Test(
        "a state that is wrong is refused by the member's name",
        arguments: [
            ("ociVersion", #"{"id": "a", "status": "running", "bundle": "/b"}"#),
            ("ociVersion", #"{"ociVersion": "x", "id": "a", "status": "running", "bundle": "/b"}"#),
            ("id", #"{"ociVersion": "1.3.0", "status": "running", "bundle": "/b"}"#),
            ("status", #"{"ociVersion": "1.3.0", "id": "a", "bundle": "/b"}"#),
            ("status", #"{"ociVersion": "1.3.0", "id": "a", "status": 1, "bundle": "/b"}"#),
            ("bundle", #"{"ociVersion": "1.3.0", "id": "a", "status": "running"}"#),
            ("pid", #"{"ociVersion": "1.3.0", "id": "a", "status": "running", "bundle": "/b", "pid": -1}"#),
            ("annotations", #"{"ociVersion": "1.3.0", "id": "a", "status": "s", "bundle": "/b", "annotations": []}"#),
        ])
    func badState(name: String, text: String) {
        let error = #expect(throws: CFSError.self) { try RuntimeState(json: Self.json(text)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("\(name) ") == true)
    }

    @Test(
        "the specification's examples of features are read, and read back as they were",
        arguments: [RuntimeExamples.featuresMinimal, RuntimeExamples.featuresRunc])
    func features(text: String) throws {
        let said = try Self.json(text)
        #expect(try RuntimeFeatures(json: said).json == said)
    }

    @Test("every feature arrives where it belongs; an empty list is not none")
    func allFeatures() throws {
        let text =
            #"{"ociVersionMin":"1.0.0","ociVersionMax":"1.3.0","hooks":[],"mountOptions":["ro"],"#
            + #""linux":{"namespaces":["pid"],"capabilities":["CAP_KILL"],"#
            + #""cgroup":{"v1":false,"v2":true,"systemd":true,"systemdUser":false,"rdma":true},"#
            + #""seccomp":{"enabled":true,"actions":["SCMP_ACT_LOG"],"operators":[],"archs":["SCMP_ARCH_X86_64"],"#
            + #""knownFlags":["SECCOMP_FILTER_FLAG_TSYNC"],"supportedFlags":[]},"#
            + #""apparmor":{"enabled":true},"selinux":{"enabled":false},"intelRdt":{"enabled":true},"#
            + #""mountExtensions":{"idmap":{"enabled":true}},"netDevices":{"enabled":true}},"#
            + #""annotations":{"a":"b"},"potentiallyUnsafeConfigAnnotations":["x."]}"#
        let features = try RuntimeFeatures(json: Self.json(text))
        #expect(features.hooks == [] && features.potentiallyUnsafeConfigAnnotations == ["x."])
        #expect(features.linux?.cgroup?.rdma == true && features.linux?.cgroup?.v1 == false)
        #expect(features.linux?.seccomp?.operators == [])
        #expect(features.linux?.mountExtensions?.idmap?.enabled == true)
        #expect(features.json.text() == text)
    }

    @Test(
        "features that are wrong are refused by the member's full name",
        arguments: [
            ("ociVersionMax", RuntimeExamples.badFeaturesMissingOCIVersionMax),
            ("ociVersionMin", #"{"ociVersionMax": "1.3.0"}"#),
            ("ociVersionMax", #"{"ociVersionMin": "1.1.0", "ociVersionMax": "1.0.9"}"#),
            ("hooks", #"{"ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0", "hooks": "prestart"}"#),
            (
                "linux.namespaces[1]",
                #"{"ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0", "linux": {"namespaces": ["pid", "net"]}}"#
            ),
            (
                "linux.capabilities[0]",
                #"{"ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0", "linux": {"capabilities": ["KILL"]}}"#
            ),
            (
                "linux.seccomp.actions[0]",
                #"{"ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0", "linux": {"seccomp": {"actions": ["X"]}}}"#
            ),
            (
                "linux.cgroup.v2",
                #"{"ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0", "linux": {"cgroup": {"v2": 1}}}"#
            ),
        ])
    func badFeatures(name: String, text: String) {
        let error = #expect(throws: CFSError.self) { try RuntimeFeatures(json: Self.json(text)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("\(name) ") == true)
    }
}
