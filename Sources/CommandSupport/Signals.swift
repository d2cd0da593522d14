import Dispatch
import Foundation

/// SIGTERM and SIGINT as a call, once; a second signal ends the process as if nobody had listened.
final class Signals {
    private var sources: [any DispatchSourceSignal] = []

    init(onStop: @escaping @Sendable () -> Void) {
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

/// Ends this process when the one that started it is gone, so that no worker outlives a killed `score`.
enum ParentWatch {
    static func start(parent: Int32?) {
        guard let parent else { return }
        Thread.detachNewThread {
            while getppid() == parent { usleep(500_000) }
            exit(ExitStatus.failed.rawValue)
        }
    }
}
