import Foundation

/// Ends this process when the process that started it has ended, so that no worker outlives a killed `score`.
package enum ParentWatch {
    /// Watches a parent by its process id, twice a second. `nil` watches nothing.
    package static func start(parent: Int32?) {
        guard let parent else { return }
        Thread.detachNewThread {
            while getppid() == parent { usleep(500_000) }
            exit(ExitStatus.failed.rawValue)
        }
    }
}
