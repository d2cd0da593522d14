import ArgumentParser
import Keys
import ZeroMQ

/// The key of a peer that connects to a coordinator with keys.
struct KeyOption: ParsableArguments {
    @Option(help: "Secret key file, from `statezero keys new`, for a coordinator that runs with --keys.")
    var key: String?

    /// Throws for a key without a coordinator that could ask for it: a local cluster has none.
    func requireCoordinator(_ coordinator: String?) throws {
        guard key == nil || coordinator != nil else {
            throw ValidationError("--key is for a running coordinator; give --coordinator")
        }
    }

    /// How to connect.
    var security: SocketSecurity {
        get throws {
            guard let path = key else { return .none }
            let file = try KeyFile(readingFrom: path)
            let pair = try file.pair(path: path)
            guard let server = file.serverKey else { throw KeyError.missing(path: path, field: "server-key") }
            return .client(pair, server: server)
        }
    }
}
