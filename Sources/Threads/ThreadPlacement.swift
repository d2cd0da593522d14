import Foundation
import Synchronization

/// On which cores a thread may run.
///
/// Threads that a thread starts inherit its cores, so what is said before a model is made holds for the model.
public enum ThreadPlacement {
    private typealias Affinity = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> Int32

    // Looked up, not imported: glibc shows them to programs of GNU's dialect of C alone.
    private static let get = affinity("sched_getaffinity")
    private static let set = affinity("sched_setaffinity")

    private static func affinity(_ name: String) -> Affinity? {
        dlsym(nil, name).map { unsafeBitCast($0, to: Affinity.self) }
    }

    /// Bits of a set of cores, as glibc has it.
    private static let coresMax = 1024

    /// Cores that the calling thread may run on, in rising order; none where the system does not tell.
    public static var coresOfThisThread: [Int] {
        var words = [UInt64](repeating: 0, count: coresMax / 64)
        guard let get, get(0, words.count * 8, &words) >= 0 else { return [] }
        return (0..<coresMax).filter { words[$0 / 64] & 1 << UInt64($0 % 64) != 0 }
    }

    /// From now on the calling thread runs on these cores alone. False where the system refuses, as it does for cores
    /// that are not there; nothing has changed then.
    @discardableResult
    public static func keepThisThread(on cores: some Sequence<Int>) -> Bool {
        var words = [UInt64](repeating: 0, count: coresMax / 64)
        for core in cores {
            guard (0..<coresMax).contains(core) else { return false }
            words[core / 64] |= 1 << UInt64(core % 64)
        }
        guard let set, set(0, words.count * 8, &words) == 0 else { return false }
        hasKept.store(true, ordering: .relaxed)
        return true
    }

    /// Whether any thread of this process was told its cores.
    static var isAsked: Bool { hasKept.load(ordering: .relaxed) }

    private static let hasKept = Atomic(false)

    /// `count` of the cores, from the one at a place on, and around again after the last; all where there are too few.
    public static func share(_ count: Int, from first: Int, of cores: [Int]) -> [Int] {
        (0..<min(count, cores.count)).map { cores[(first + $0) % cores.count] }
    }
}
