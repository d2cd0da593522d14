import Foundation
import FuzzTargets

// Runs libFuzzer on one target: `fuzz TARGET [libFuzzer's options] CORPUS…`. scripts/fuzz/run.py builds and calls it.
//
// libFuzzer has the `main` and calls the two functions below.

/// The target. A global, because libFuzzer passes no context.
nonisolated(unsafe) private var target = FuzzTarget.all[0]

/// Takes the target's name out of the arguments, before libFuzzer reads them.
@_cdecl("LLVMFuzzerInitialize")
func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    guard count.pointee > 1, let name = arguments.pointee[1],
        let found = FuzzTarget.all.first(where: { $0.name == String(cString: name) })
    else {
        let names = FuzzTarget.all.map(\.name).joined(separator: " ")
        print("usage: fuzz TARGET [options of libFuzzer] FOLDER…; targets: \(names)")
        exit(2)
    }
    target = found
    arguments.pointee[1] = arguments.pointee[0]
    arguments.pointee += 1
    count.pointee -= 1
    return 0
}

/// Runs the target on one input; what is wrong ends the process.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    if let finding = target.run(Array(UnsafeBufferPointer(start: data, count: size))) { fatalError(finding) }
    return 0
}
