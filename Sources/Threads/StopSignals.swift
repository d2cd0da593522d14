import Dispatch
import Foundation
import Glibc

/// Turns SIGTERM, SIGINT and SIGHUP into one call; a second such signal ends the process at once, as by default.
///
/// Signals are handled until the value is released.
public final class StopSignals {
    private var sources: [any DispatchSourceSignal] = []

    /// Calls `onStop` on a queue of its own when the first signal arrives.
    ///
    /// - Parameter onHangup: Called for each SIGHUP instead, by a program that reads its configuration again then.
    public init(onHangup: (@Sendable () -> Void)? = nil, onStop: @escaping @Sendable () -> Void) {
        for number in [SIGTERM, SIGINT, SIGHUP] {
            let again = number == SIGHUP ? onHangup : nil
            // A program started by nohup outlives its terminal.
            if number == SIGHUP, again == nil, Self.isIgnored(number) { continue }
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if let again { return again() }
                signal(number, SIG_DFL)
                onStop()
            }
            source.resume()
            sources.append(source)
        }
    }

    /// Whether the process was started with the signal ignored. Linux lists such signals as bits of a mask.
    private static func isIgnored(_ number: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
        let digits = line?.dropFirst("SigIgn:".count).trimmingCharacters(in: .whitespaces) ?? ""
        return (UInt64(digits, radix: 16) ?? 0) & (1 << UInt64(number - 1)) != 0
    }
}
