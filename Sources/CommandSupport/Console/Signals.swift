import Dispatch
import Foundation

/// Calls a function on the first SIGTERM or SIGINT. A second signal ends the process at once.
package final class Signals {
    private var sources: [any DispatchSourceSignal] = []

    package init(onStop: @escaping @Sendable () -> Void) {
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
