import Foundation

/// The number of files and sockets that this process may have open.
public enum DescriptorLimit {
    /// More is not asked for: programs that a worker starts inherit the limit, and some look at every number below it.
    private static let wanted = 65_536
    /// Connections that a server has at least, whatever else is open.
    private static let connectionsMin = 16

    /// Raises the limit as far as the system allows, and returns it. Cost: two system calls.
    @discardableResult
    public static func raise() -> Int {
        let name = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(name, &limit) == 0 else { return 1024 }
        let most = min(Int(clamping: limit.rlim_max), wanted)
        if Int(clamping: limit.rlim_cur) < most {
            var raised = limit
            raised.rlim_cur = rlim_t(most)
            if setrlimit(name, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Connections that fit into a limit, at most `wanted`: half of what is free now. The other half is for upstream
    /// connections, workers and files.
    static func connections(_ wanted: Int, limit: Int, used: Int) -> Int {
        max(min(connectionsMin, wanted), min(wanted, (limit - used) / 2))
    }

    /// Descriptors that are open now; 0 where the system does not say.
    static var used: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
}
