import CommandSupport
import Threads

/// Pins the threads of a worker to cores.
enum CorePinning {
    /// Pins the calling thread, and threads that it starts, to `threads` cores, beginning at index `first` among the
    /// cores that the process may use. If the system refuses, prints a line and changes nothing.
    static func keep(threads: Int, first: Int) {
        let all = ThreadPlacement.coresOfThisThread
        guard !all.isEmpty else { return printError("statezero: not pinned: the system does not list the cores") }
        let cores = ThreadPlacement.share(threads, from: first, of: all)
        if !ThreadPlacement.keepThisThread(on: cores) {
            printError("statezero: not pinned: the system refuses cores \(cores)")
        }
    }
}
