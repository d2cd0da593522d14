import Dispatch
import Glibc

/// Turns SIGTERM and SIGINT into one call; a second signal ends the process at once, as by default.
///
/// Signals are handled until the value is released.
public final class StopSignals {
    private var sources: [any DispatchSourceSignal] = []

    /// Calls `onStop` on a queue of its own when the first signal arrives.
    public init(onStop: @escaping @Sendable () -> Void) {
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(number, SIG_DFL)
                onStop()
            }
            source.resume()
            sources.append(source)
        }
    }
}
