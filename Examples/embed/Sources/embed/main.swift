import CFSCore
import Glibc

var spec = ContainerSpec(image: "BusyBox", command: ["sh", "-c", "for i in 1 2 3; do echo hello $i; done; exit 7"])
spec.autoRemove = true
let run = try await Engine().run(spec)
for try await piece in run.output { print(piece.text, terminator: "") }
let status = try await run.exitStatus()
print("exit status \(status.code)")
exit(status.code)
