import Dispatch
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

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
