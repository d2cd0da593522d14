import Foundation
import Synchronization
import Testing
import Threads

@Suite("ThreadPool and ThreadPlacement", .serialized)
struct ThreadPoolTests {
    @Test("perform calls every member once and returns when all are done; again and again")
    func performs() {
        let pool = ThreadPool(count: 4)
        let calls = Mutex([Int](repeating: 0, count: 4))
        for _ in 0..<1000 { pool.perform { member in calls.withLock { $0[member] += 1 } } }
        #expect(calls.withLock { $0 } == [1000, 1000, 1000, 1000])
        pool.perform(members: 2) { member in calls.withLock { $0[member] += 1 } }
        #expect(calls.withLock { $0 } == [1001, 1001, 1000, 1000])
    }

    @Test("members are threads of their own, the same ones every time, and member 0 is the caller")
    func sameThreads() {
        let pool = ThreadPool(count: 3)
        let seen = Mutex<[Set<UInt>]>([[], [], []])
        for _ in 0..<50 {
            pool.perform { member in
                let thread = UInt(pthread_self())
                seen.withLock { _ = $0[member].insert(thread) }
            }
        }
        let threads = seen.withLock { $0 }
        #expect(threads.allSatisfy { $0.count == 1 } && Set(threads).count == 3)
        #expect(threads[0] == [UInt(pthread_self())])
    }

    @Test("the system shows members by their numbers")
    func named() {
        let pool = ThreadPool(count: 3)
        let names = Mutex([Int: String]())
        pool.perform { member in
            let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            names.withLock { $0[member] = name }
        }
        #expect(names.withLock { $0 }.filter { $0.key > 0 } == [1: "pool 1\n", 2: "pool 2\n"])
    }

    @Test("a thread keeps to its cores, threads that it starts inherit them, and a pool gives each member one")
    func placement() async {
        await withCheckedContinuation { done in
            // On a thread of its own, which is gone afterwards.
            Thread.detachNewThread {
                let all = ThreadPlacement.coresOfThisThread
                #expect(!all.isEmpty)
                #expect(!ThreadPlacement.keepThisThread(on: [1 << 20]))
                #expect(ThreadPlacement.coresOfThisThread == all)
                let own = ThreadPlacement.share(2, from: 1, of: all)
                #expect(ThreadPlacement.keepThisThread(on: own))
                #expect(ThreadPlacement.coresOfThisThread == own.sorted())
                let pool = ThreadPool(count: own.count)
                let cores = Mutex([[Int]](repeating: [], count: own.count))
                pool.perform { member in
                    let mine = ThreadPlacement.coresOfThisThread
                    cores.withLock { $0[member] = mine }
                }
                #expect(cores.withLock { $0 } == own.sorted().map { [$0] })
                done.resume()
            }
        }
    }

    @Test("shares of cores are adjacent and wrap around")
    func shares() {
        #expect(ThreadPlacement.share(2, from: 0, of: [4, 5, 6]) == [4, 5])
        #expect(ThreadPlacement.share(2, from: 2, of: [4, 5, 6]) == [6, 4])
        #expect(ThreadPlacement.share(9, from: 1, of: [4, 5]) == [5, 4])
        #expect(ThreadPlacement.share(1, from: 3, of: []) == [])
    }

    @Test("a loop runs each index once, on any member", arguments: [0, 1, 3, 100])
    func loops(count: Int) {
        let pool = ThreadPool(count: 3)
        let calls = Mutex([Int](repeating: 0, count: count))
        pool.forEach(below: count) { index, member in
            #expect((0..<3).contains(member))
            calls.withLock { $0[index] += 1 }
        }
        #expect(calls.withLock { $0 } == [Int](repeating: 1, count: count))
    }

    @Test("a failure in a loop is thrown, and no further index is claimed")
    func failure() {
        struct Failure: Error, Equatable { let index: Int }
        let pool = ThreadPool(count: 1)
        let calls = Mutex(0)
        #expect(throws: Failure(index: 2)) {
            try pool.forEach(below: 10) { (index, _) throws(Failure) in
                calls.withLock { $0 += 1 }
                if index == 2 { throw Failure(index: index) }
            }
        }
        #expect(calls.withLock { $0 } == 3)
    }

    @Test("every member is set up before it works")
    func setUp() {
        let calls = Mutex(0)
        let pool = ThreadPool(count: 3, setUp: { calls.withLock { $0 += 1 } })
        pool.perform { _ in }
        #expect(calls.withLock { $0 } == 3)
    }
}
