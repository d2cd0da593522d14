import Foundation
import RolloutNode
import Testing
import Wire

@Suite("Rollout worker: any program, as a process", .serialized)
struct ProgramTests {
    @Test("a program is given assignments as JSON lines; what it answers is told until it is recorded")
    func answers() throws {
        let coordinator = try StubCoordinator(lending: Bench.assignments(20), mute: 0)
        let node = try Bench.start(Bench.shell(Bench.answering), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 20 })
        for rewards in coordinator.now.rewards.values {
            #expect(rewards.rewards == [1, 0, 1, 0.5] && rewards.references == ["a", "b", "c", "d"])
        }
        node.drain()
        try node.wait()
        #expect(node.counts.recorded == 20 && node.counts.rollouts == 80 && node.counts.badLines == 0)
        #expect(coordinator.waitUntil(\.hasLeft))
        try coordinator.stop()
    }

    @Test("an answer that is lost costs a repetition, not rewards")
    func lostAnswer() throws {
        let coordinator = try StubCoordinator(lending: Bench.assignments(1), mute: 1)
        let node = try Bench.start(Bench.shell(Bench.answering), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 1 })
        node.drain()
        try node.wait()
        #expect(node.counts.recorded == 1)
        try coordinator.stop()
    }

    @Test("lines that are no reports are passed over and counted; the others count, in any form")
    func badLines() throws {
        let script = #"""
            echo 'loading the model'
            read -r line
            id=$(printf '%s' "$line" | sed -E 's/^\{"assignment":("([^"\\]|\\.)*").*$/\1/')
            echo '{"reward":1}'
            echo '{"assignment":"nobody","reward":1}'
            printf '{"assignment":%s,"reward":NaN}\n' "$id"
            printf '{"assignment":%s,"rewards":[1],"references":[]}\n' "$id"
            printf '{"assignment":%s,"x":"%01200d"}\n' "$id" 0
            printf '{"assignment":%s}\n\n' "$id"
            printf '{"assignment":%s,"reward":true}\r\n' "$id"
            printf '{"assignment":%s,"error":"out of time"}\n' "$id"
            printf '{"assignment":%s,"reward":0.25,"reference":"there"}\n' "$id"
            printf '{"assignment":%s,"rewards":[0,0],"failed":0}\n' "$id"
            cat > /dev/null
            """#
        let coordinator = try StubCoordinator(lending: Bench.assignments(1))
        let node = try Bench.start(Bench.shell(script), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 1 })
        let rewards = try #require(coordinator.now.rewards.values.first)
        #expect(rewards.rewards == [1, 0.25, 0] && rewards.failed == 1 && rewards.references == ["", "there", ""])
        node.drain()
        try node.wait()
        #expect(node.counts.badLines == 7, "one rollout too many among them")
        #expect(node.counts.deaths == 0)
        try coordinator.stop()
    }

    @Test("a program that dies is started again and given what is missing")
    func restarted() throws {
        let folder = try Scratch()
        let script =
            #"""
            if [ ! -e "$1/died" ]; then
                touch "$1/died"
                read -r line
                id=$(printf '%s' "$line" | sed -E 's/^\{"assignment":("([^"\\]|\\.)*").*$/\1/')
                printf '{"assignment":%s,"rewards":[0.75,0.75,0.75]}\n' "$id"
                kill -9 $$
            fi
            exec sed -u -E 's/^\{"assignment":("([^"\\]|\\.)*").*"n":([0-9]+).*$/{"assignment":\1,"failed":\3}/'
            """#
        let coordinator = try StubCoordinator(lending: Bench.assignments(2))
        let node = try Bench.start(Bench.shell(script, folder.path), to: coordinator, slots: 1)
        #expect(coordinator.waitUntil { $0.rewards.count == 2 })
        let rewards = coordinator.now.rewards.values.sorted { $0.failed < $1.failed }
        #expect(rewards.map(\.failed) == [1, 4] && rewards[0].rewards == [0.75, 0.75, 0.75])
        node.drain()
        try node.wait()
        #expect(node.counts.deaths == 1)
        try coordinator.stop()
    }

    @Test("a program that cannot be started, or only dies, ends the worker, with what it died of")
    func hopeless() throws {
        let coordinator = try StubCoordinator(lending: Bench.assignments(1))
        let missing = try Bench.start(.process(["/no/such/program"]), to: coordinator)
        #expect { try missing.wait() } throws: { "\($0)".contains("/no/such/program") && "\($0)".contains("3 times") }
        let dying = try Bench.start(Bench.shell("exit 7"), to: coordinator)
        #expect { try dying.wait() } throws: { "\($0)".contains("exit status 7") }
        try coordinator.stop()
    }

    @Test("a program that listens to nobody is ended all the same, with all that it has started")
    func stubborn() throws {
        let folder = try Scratch()
        let script = #"trap '' TERM; sleep 1000 & echo $$ $! > "$1/pids"; while :; do sleep 0.1; done"#
        let coordinator = try StubCoordinator(lending: [])
        let node = try Bench.start(Bench.shell(script, folder.path), to: coordinator)
        let pids = try folder.numbers("pids", count: 2)
        node.drain()
        try node.wait()
        // A zombie would still have its entry; what it has started is for init to bury, which takes a moment.
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(pids[0])"))
        #expect(coordinator.waitUntil { _ in kill(pid_t(pids[1]), 0) != 0 })
        try coordinator.stop()
    }

    @Test("a death is noticed although somebody it left behind holds its output")
    func leftBehind() throws {
        let folder = try Scratch()
        let script = #"read -r line; sleep 1000 & echo $! > "$1/pids"; exit 5"#
        let coordinator = try StubCoordinator(lending: Bench.assignments(1))
        let node = try Bench.start(Bench.shell(script, folder.path), to: coordinator)
        let pids = try folder.numbers("pids", count: 1)
        #expect(coordinator.waitUntil { $0.returned.count == 1 })
        #expect(coordinator.waitUntil { _ in kill(pid_t(pids[0]), 0) != 0 })
        node.drain()
        try node.wait()
        #expect(node.counts.deaths >= 2)
        try coordinator.stop()
    }

    @Test("a program that reads nothing is ended after its time of silence, and what it had is given back")
    func silent() throws {
        let text = String(repeating: "x", count: 200_000)
        let coordinator = try StubCoordinator(lending: Bench.assignments(3, text: text))
        let node = try Bench.start(
            Bench.shell("exec sleep 1000"), to: coordinator, slots: 2, silence: .milliseconds(500))
        #expect(coordinator.waitUntil { $0.returned.count >= 2 })
        #expect(coordinator.now.returned.values.allSatisfy { $0 == .programDied })
        node.drain()
        do { try node.wait() } catch { #expect("\(error)".contains("3 times"), "it may have given up before") }
        try coordinator.stop()
    }

    @Test("a program that talks faster than anybody listens waits, and nothing that it says is lost")
    func flood() throws {
        let script = #"""
            read -r line
            id=$(printf '%s' "$line" | sed -E 's/^\{"assignment":("([^"\\]|\\.)*").*$/\1/')
            yes "{\"assignment\":$id,\"reward\":1}" | head -n 30000
            cat > /dev/null
            """#
        let coordinator = try StubCoordinator(lending: Bench.assignments(1, n: 30_000))
        let node = try Bench.start(Bench.shell(script), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 1 })
        #expect(coordinator.now.rewards.values.first?.rewards.count == 30_000)
        node.drain()
        try node.wait()
        try coordinator.stop()
    }
}

/// A folder of a test's own, removed with it.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ro-" + String(UInt32.random(in: .min ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Numbers that a program has written, as soon as they are there.
    func numbers(_ name: String, count: Int) throws -> [Int] {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let data = FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data()
            let numbers = String(decoding: data, as: UTF8.self).split { $0.isWhitespace }.compactMap { Int($0) }
            if numbers.count == count { return numbers }
            usleep(5000)
        }
        throw CocoaError(.fileReadNoSuchFile)
    }
}
