import CFuzzer
import Glibc

// `cfs-fuzz --target=NAME [libFuzzer's options] [folders]`; libFuzzer passes over what begins with two dashes, and hands it on to
// the processes that it starts. `--seeds=FOLDER` writes the inputs to begin with, and ends. `--list` names the targets.

let arguments = CommandLine.arguments
func option(_ name: String) -> String? {
    arguments.first { $0.hasPrefix("--\(name)=") }.map { String($0.dropFirst(name.count + 3)) }
}

if arguments.contains("--list") {
    for target in FuzzTarget.allCases { print(target.rawValue) }
    exit(0)
}
guard let target = FuzzTarget(rawValue: option("target") ?? "") else {
    print("cfs-fuzz: --target= one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
    exit(2)
}
if let folder = option("seeds") {
    for (index, seed) in target.seeds.enumerated() {
        guard let file = fopen("\(folder)/seed-\(index)", "we") else { exit(1) }
        fwrite(seed, 1, seed.count, file)
        fclose(file)
    }
    exit(0)
}
FuzzTarget.chosen = target
var count = CommandLine.argc
var vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &vector, fuzzOneInput))
