import Foundation

/// Ends this process when its parent has ended, so that no worker outlives a killed `score`.
enum ParentWatch {
    /// Checks twice a second, on a thread of its own, whether `parent` is still the parent process.
    static func start(parent: Int32?) {
        guard let parent else { return }
        Thread.detachNewThread {
            while getppid() == parent { usleep(500_000) }
            exit(ExitStatus.failed.rawValue)
        }
    }
}
