import Glibc
import Testing

extension Trait where Self == ConditionTrait {
    /// For every suite here: it sets limits that this host may not have, and wants the machine for itself.
    static var needsMachine: ConditionTrait {
        .enabled(if: getenv("CFS_VM") != nil, "runs in the virtual machine: make test-vm")
    }
}
