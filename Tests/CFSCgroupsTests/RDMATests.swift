import CFSCgroups
import CFSModel
import Testing

@Suite("Limits of RDMA adapters")
struct RDMATests {
    @Test("each adapter is one line of what is limited")
    func conversion() throws {
        #expect(
            try written {
                $0.rdma = [
                    .init(device: "mlx5_1", hcaHandles: 3, hcaObjects: 10_000), .init(device: "mlx4_0", hcaObjects: 0),
                    .init(device: "rxe3"),
                ]
            } == ["rdma.max: mlx5_1 hca_handle=3 hca_object=10000", "rdma.max: mlx4_0 hca_object=0"])
    }

    @Test("a name with a space, which would be two words to the kernel, is refused", arguments: ["", "a b", "a\nb"])
    func refusal(name: String) {
        let error = #expect(throws: CFSError.self) { try written { $0.rdma = [.init(device: name, hcaHandles: 1)] } }
        #expect(error?.message == "linux.resources.rdma has \"\(name)\", which is not the name of an adapter")
        let typed = #expect(throws: CFSError.self) { try RDMALimit(device: name) }
        #expect(typed?.code == .invalidArgument)
    }
}
