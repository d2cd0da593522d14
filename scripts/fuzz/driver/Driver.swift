import CFuzzer
import Foundation
import FuzzTargets

/// Runs libFuzzer on one target: `fuzz TARGET [libFuzzer's options] CORPUS…`. scripts/fuzz/run.py builds and calls it.
///
/// With `-sanitize=fuzzer` the compiler allows no statements at the top level, so this is not a `main.swift`.
@main
enum Driver {
    /// The target. A global, because the callback of C has no context.
    nonisolated(unsafe) private static var target = FuzzTarget.all[0]

    static func main() {
        guard CommandLine.arguments.count > 1,
            let found = FuzzTarget.all.first(where: { $0.name == CommandLine.arguments[1] })
        else {
            let names = FuzzTarget.all.map(\.name).joined(separator: " ")
            print("usage: fuzz TARGET [options of libFuzzer] FOLDER…; targets: \(names)")
            exit(2)
        }
        target = found
        // libFuzzer reads its options from the second argument on.
        var arguments: [UnsafeMutablePointer<CChar>?] =
            ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map { strdup($0) }
        var count = Int32(arguments.count)
        arguments.append(nil)
        let code = arguments.withUnsafeMutableBufferPointer { buffer in
            var base = buffer.baseAddress
            return LLVMFuzzerRunDriver(&count, &base) { data, size in
                if let finding = Driver.target.run(Array(UnsafeBufferPointer(start: data, count: size))) {
                    fatalError(finding)
                }
                return 0
            }
        }
        exit(code)
    }
}
