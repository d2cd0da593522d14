import Foundation
import Synchronization

/// On which cores a thread may run.
///
/// A thread inherits the cores of the thread that starts it, so a placement set before a model is loaded holds for the
/// model's threads too.
public enum ThreadPlacement {
    private typealias Affinity = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> Int32

    // Looked up, not imported: glibc declares them only for GNU's dialect of C.
    private static let get = affinity("sched_getaffinity")
    private static let set = affinity("sched_setaffinity")

    private static func affinity(_ name: String) -> Affinity? {
        dlsym(nil, name).map { unsafeBitCast($0, to: Affinity.self) }
    }

    /// Bits of glibc's set of cores.
    private static let coresMax = 1024

    /// Cores that the calling thread may run on, ascending; empty where the system does not say.
    public static var coresOfThisThread: [Int] {
        var words = [UInt64](repeating: 0, count: coresMax / 64)
        guard let get, get(0, words.count * 8, &words) >= 0 else { return [] }
        return (0..<coresMax).filter { words[$0 / 64] & 1 << UInt64($0 % 64) != 0 }
    }

    /// Restricts the calling thread to these cores. Returns `false`, and changes nothing, where the system refuses, for
    /// instance because a core does not exist.
    @discardableResult
    public static func keepThisThread(on cores: some Sequence<Int>) -> Bool {
        var words = [UInt64](repeating: 0, count: coresMax / 64)
        for core in cores {
            guard (0..<coresMax).contains(core) else { return false }
            words[core / 64] |= 1 << UInt64(core % 64)
        }
        guard let set, set(0, words.count * 8, &words) == 0 else { return false }
        hasBeenSet.store(true, ordering: .relaxed)
        return true
    }

    /// Whether any thread of this process was restricted to cores.
    static var isUsed: Bool { hasBeenSet.load(ordering: .relaxed) }

    private static let hasBeenSet = Atomic(false)

    /// `count` neighbouring cores of a list, starting at index `first` and wrapping around; all where there are fewer.
    public static func share(_ count: Int, from first: Int, of cores: [Int]) -> [Int] {
        (0..<min(count, cores.count)).map { cores[(first + $0) % cores.count] }
    }
}
