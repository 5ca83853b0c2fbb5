import CFSModel
import CFSRegistry
import Testing

@testable import CFSCore

@Suite("Which names of an image containers use")
struct ImageUsersTests {
    private func digest(_ digit: Character) -> Digest { Digest(hex: String(repeating: digit, count: 64))! }

    private func users(_ containers: (name: String, image: Character)...) -> [Int] {
        let images = [("BusyBox", "a"), ("mine:2", "a"), ("other", "b")].map { name, image in
            ImageRecord(
                name: name, digest: digest(Character(image)), source: .imported, architecture: "amd64", layers: [],
                configuration: ImageRecord.Configuration(), createdAt: 1)
        }
        let rows = containers.map { name, image in
            ContainerRow(
                id: ContainerID(), name: "c", slot: nil, image: name, imageDigest: digest(image), layers: [],
                command: ["sh"], labels: [:], createdAt: 1, autoRemove: false)
        }
        let users = ImageUsers(rows, of: images)
        return images.map { users[$0.name] }
    }

    @Test("a container counts for the name that it was made with, however that was written")
    func names() {
        #expect(users(("mine:2", "a"), ("mine:2", "a"), ("other:latest", "b")) == [0, 2, 1])
    }

    @Test("one that was made with an id counts once, for the first name")
    func ids() { #expect(users((String(repeating: "a", count: 12), "a")) == [1, 0, 0]) }

    @Test("where its name is gone, or names another image by now, it counts for the first name of its own")
    func replaced() {
        #expect(users(("gone", "a")) == [1, 0, 0])
        #expect(users(("other", "a")) == [1, 0, 0])
    }

    @Test("one whose image has no name any more counts for none, whatever its name is by now")
    func nameless() { #expect(users(("other", "c")) == [0, 0, 0]) }
}
