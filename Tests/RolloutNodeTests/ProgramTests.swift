import Foundation
import RolloutNode
import TestSupport
import Testing
import Wire

@Suite("Rollout worker: a program as a process", .serialized)
struct ProgramTests {
    @Test("a program gets assignments as JSON lines; its rewards are sent until they are recorded")
    func answers() throws {
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(20), mute: 0)
        let node = try RolloutSample.start(RolloutSample.shell(RolloutSample.answering), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 20 })
        for rewards in coordinator.received.rewards.values {
            #expect(rewards.rewards == [1, 0, 1, 0.5] && rewards.references == ["a", "b", "c", "d"])
        }
        node.drain()
        try node.wait()
        #expect(node.counts.recorded == 20 && node.counts.rollouts == 80 && node.counts.badLines == 0)
        #expect(coordinator.waitUntil(\.hasLeft))
        try coordinator.stop()
    }

    @Test("a lost answer costs a repetition, not rewards")
    func lostAnswer() throws {
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(1), mute: 1)
        let node = try RolloutSample.start(RolloutSample.shell(RolloutSample.answering), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 1 })
        node.drain()
        try node.wait()
        #expect(node.counts.recorded == 1)
        try coordinator.stop()
    }

    @Test("lines that are no reports are ignored and counted; reports of any form count")
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
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(1))
        let node = try RolloutSample.start(RolloutSample.shell(script), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 1 })
        let rewards = try #require(coordinator.received.rewards.values.first)
        #expect(rewards.rewards == [1, 0.25, 0] && rewards.failed == 1 && rewards.references == ["", "there", ""])
        node.drain()
        try node.wait()
        #expect(node.counts.badLines == 7, "one rollout too many among them")
        #expect(node.counts.deaths == 0)
        try coordinator.stop()
    }

    @Test("a program that dies is started again and gets what is missing")
    func restarted() throws {
        let folder = try ScratchFolder()
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
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(2))
        let node = try RolloutSample.start(RolloutSample.shell(script, folder.path), to: coordinator, slots: 1)
        #expect(coordinator.waitUntil { $0.rewards.count == 2 })
        let rewards = coordinator.received.rewards.values.sorted { $0.failed < $1.failed }
        #expect(rewards.map(\.failed) == [1, 4] && rewards[0].rewards == [0.75, 0.75, 0.75])
        node.drain()
        try node.wait()
        #expect(node.counts.deaths == 1)
        try coordinator.stop()
    }

    @Test("a program that cannot be started, or always dies, ends the worker with the reason")
    func hopeless() throws {
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(1))
        let missing = try RolloutSample.start(.process(["/no/such/program"]), to: coordinator)
        #expect { try missing.wait() } throws: { "\($0)".contains("/no/such/program") && "\($0)".contains("3 times") }
        let dying = try RolloutSample.start(RolloutSample.shell("exit 7"), to: coordinator)
        #expect { try dying.wait() } throws: { "\($0)".contains("exit status 7") }
        try coordinator.stop()
    }

    @Test("a program that ignores signals is killed, with all its children")
    func stubborn() throws {
        let folder = try ScratchFolder()
        let script = #"trap '' TERM; sleep 1000 & echo $$ $! > "$1/pids"; while :; do sleep 0.1; done"#
        let coordinator = try StubCoordinator(lending: [])
        let node = try RolloutSample.start(RolloutSample.shell(script, folder.path), to: coordinator)
        let pids = try folder.numbers("pids", count: 2)
        node.drain()
        try node.wait()
        // A zombie would still have its entry; init reaps the orphaned children a moment later.
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(pids[0])"))
        #expect(coordinator.waitUntil { _ in kill(pid_t(pids[1]), 0) != 0 })
        try coordinator.stop()
    }

    @Test("a death is noticed although a child of the program still holds its output")
    func leftBehind() throws {
        let folder = try ScratchFolder()
        let script = #"read -r line; sleep 1000 & echo $! > "$1/pids"; exit 5"#
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(1))
        let node = try RolloutSample.start(RolloutSample.shell(script, folder.path), to: coordinator)
        let pids = try folder.numbers("pids", count: 1)
        #expect(coordinator.waitUntil { $0.returned.count == 1 })
        #expect(coordinator.waitUntil { _ in kill(pid_t(pids[0]), 0) != 0 })
        node.drain()
        try node.wait()
        #expect(node.counts.deaths >= 2)
        try coordinator.stop()
    }

    @Test("a program that reads nothing is ended after the silence time, and its assignments are returned")
    func silent() throws {
        let text = String(repeating: "x", count: 200_000)
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(3, text: text))
        let node = try RolloutSample.start(
            RolloutSample.shell("exec sleep 1000"), to: coordinator, slots: 2, silence: .milliseconds(500))
        #expect(coordinator.waitUntil { $0.returned.count >= 2 })
        #expect(coordinator.received.returned.values.allSatisfy { $0 == .programDied })
        node.drain()
        do { try node.wait() } catch { #expect("\(error)".contains("3 times"), "it may have given up before") }
        try coordinator.stop()
    }

    @Test("a program that writes faster than the cluster reads waits, and none of its output is lost")
    func flood() throws {
        let script = #"""
            read -r line
            id=$(printf '%s' "$line" | sed -E 's/^\{"assignment":("([^"\\]|\\.)*").*$/\1/')
            yes "{\"assignment\":$id,\"reward\":1}" | head -n 30000
            cat > /dev/null
            """#
        let coordinator = try StubCoordinator(lending: RolloutSample.assignments(1, n: 30_000))
        let node = try RolloutSample.start(RolloutSample.shell(script), to: coordinator)
        #expect(coordinator.waitUntil { $0.rewards.count == 1 })
        #expect(coordinator.received.rewards.values.first?.rewards.count == 30_000)
        node.drain()
        try node.wait()
        try coordinator.stop()
    }
}

extension ScratchFolder {
    /// Numbers that a program has written, as soon as they are there.
    func numbers(_ name: String, count: Int) throws -> [Int] {
        var numbers: [Int] = []
        let isThere = waitUntil {
            let text = String(decoding: (try? read(name)) ?? [], as: UTF8.self)
            numbers = text.split { $0.isWhitespace }.compactMap { Int($0) }
            return numbers.count == count
        }
        guard isThere else { throw TestTimeout(what: "\(count) numbers in \(name)") }
        return numbers
    }
}
