import Dispatch
import Foundation

/// SIGHUP for a program that reads its configuration again then, and handles the other signals elsewhere. Keep it as long
/// as the program runs.
public final class HangupSignal {
    private let source: any DispatchSourceSignal

    /// Calls `onHangup` on a queue of its own for each SIGHUP.
    public init(_ onHangup: @escaping @Sendable () -> Void) {
        signal(SIGHUP, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler(handler: onHangup)
        source.resume()
    }
}
