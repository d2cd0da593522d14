import CFuzzer
import Foundation
import FuzzTargets

// Runs libFuzzer on one target: `fuzz TARGET [libFuzzer's options] CORPUS…`. scripts/fuzz/run.py builds and calls it.

/// The target. A global, because the callback of C has no context.
nonisolated(unsafe) var target = FuzzTarget.all[0]

func usage() -> Never {
    print(
        "usage: fuzz TARGET [options of libFuzzer] FOLDER…; targets: \(FuzzTarget.all.map(\.name).joined(separator: " "))"
    )
    exit(2)
}

guard CommandLine.arguments.count > 1, let found = FuzzTarget.all.first(where: { $0.name == CommandLine.arguments[1] })
else { usage() }
target = found

// libFuzzer reads its options from the second argument on.
var arguments: [UnsafeMutablePointer<CChar>?] = ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map {
    strdup($0)
}
var count = Int32(arguments.count)
arguments.append(nil)
let code = arguments.withUnsafeMutableBufferPointer { buffer in
    var base = buffer.baseAddress
    return LLVMFuzzerRunDriver(&count, &base) { data, size in
        if let finding = target.run(Array(UnsafeBufferPointer(start: data, count: size))) { fatalError(finding) }
        return 0
    }
}
exit(code)
