import ModelFiles
import Testing

@Suite("Available memory")
struct AvailableMemoryTests {
    private let machine = "MemTotal:       24000000 kB\nMemAvailable:   20000000 kB\n"

    @Test("a machine without limits gives what it has")
    func machineAlone() {
        let files = ["/proc/meminfo": machine, "/proc/self/cgroup": "0::/\n"]
        #expect(AvailableMemory.bytes { files[$0] } == 20_000_000 << 10)
    }

    @Test("a control group of version 2 counts, and idle pages of files are given up")
    func version2() {
        let files = [
            "/proc/meminfo": machine, "/proc/self/cgroup": "0::/job\n", "/sys/fs/cgroup/job/memory.max": "1000000\n",
            "/sys/fs/cgroup/job/memory.current": "700000\n",
            "/sys/fs/cgroup/job/memory.stat": "anon 500000\ninactive_file 150000\nactive_file 50000\n",
        ]
        #expect(AvailableMemory.bytes { files[$0] } == 450_000)
    }

    @Test("inside a container the group's own path is not there, its root is")
    func container() {
        let files = [
            "/proc/meminfo": machine, "/proc/self/cgroup": "0::/system.slice/docker-1\n",
            "/sys/fs/cgroup/memory.max": "1000000\n", "/sys/fs/cgroup/memory.current": "900000\n",
        ]
        #expect(AvailableMemory.bytes { files[$0] } == 100_000)
    }

    @Test("version 1's enormous number and version 2's max are no limit")
    func noLimit() {
        let old = [
            "/proc/meminfo": machine, "/proc/self/cgroup": "4:memory:/job\n0::/\n",
            "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": "5\n",
        ]
        #expect(AvailableMemory.bytes { old[$0] } == 20_000_000 << 10)
        let new = [
            "/proc/meminfo": machine, "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n",
            "/sys/fs/cgroup/memory.current": "5\n",
        ]
        #expect(AvailableMemory.bytes { new[$0] } == 20_000_000 << 10)
    }

    @Test("a system without these files gives nil")
    func nothing() {
        #expect(AvailableMemory.bytes { _ in nil } == nil)
    }
}
