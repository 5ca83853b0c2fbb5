import CFSModel
import Testing

@Suite("Identities of containers")
struct ContainerIDTests {
    @Test("a new identity is a random UUID of version 4 in lower case")
    func new() {
        for _ in 0..<200 {
            let text = ContainerID().text
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].first == "4")
            #expect("89ab".contains(parts[3].first ?? "?"))
            #expect(text.allSatisfy { "0123456789abcdef-".contains($0) })
            #expect(ContainerID(text)?.text == text)
        }
    }

    @Test("no two are alike")
    func unique() {
        #expect(Set((0..<1000).map { _ in ContainerID() }).count == 1000)
    }

    @Test(
        "only the exact form is an identity: it becomes a part of paths",
        arguments: [
            "", "0f8fad5b", "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950",
            " 0f8fad5b-d9cb-469f-a165-70867728950e",
            "0f8fad5b-d9cb-469f-a165-70867728950e\n", "0f8fad5b_d9cb-469f-a165-70867728950e",
            "0f8fad5bd-9cb-469f-a165-70867728950e",
            "../../../../../../../../etc/passwd..", "0f8fad5b-d9cb-469f-a165-7086772895é",
            "0f8fad5b-d9cb-469f-a165-70867728950g",
        ])
    func refuses(text: String) {
        #expect(ContainerID(text) == nil)
    }

    @Test("tables show the first twelve characters")
    func short() {
        #expect(ContainerID("0f8fad5b-d9cb-469f-a165-70867728950e")?.short == "0f8fad5b-d9c")
    }
}
