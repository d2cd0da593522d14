import ArgumentParser
import Cluster
import CommandSupport
import CoordinatorHTTP
import CoordinatorNode
import Foundation
import HTTPServing
import Scoring
import Threads
import ZeroMQ

/// `statezero coordinator`.
struct Coordinator: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a coordinator: takes jobs from clients, lends shards to workers, keeps a journal.")

    @Option(help: "Endpoint to listen at, e.g. tcp://127.0.0.1:5570 or ipc:///run/statezero.sock; may be repeated.")
    var bind: [String]

    @Option(help: "Journal file (SQLite). Without one nothing survives the process.")
    var journal: String?

    @Option(
        help: "Digest of the only model that may work here (`statezero model inspect`); default: the first worker's.")
    var fingerprint: String?

    @Option(
        help:
            "Serve plans, outcomes, scores, health and metrics over HTTP at HOST:PORT, e.g. 127.0.0.1:8080; port 0 lets the system choose. proto/openapi.yaml describes it."
    )
    var http: String?

    @Flag(
        help: "Allow an address that other machines can reach, although traffic is neither encrypted nor authenticated."
    )
    var allowPlaintext = false

    @Option(help: .hidden)
    var parent: Int32?

    @OptionGroup var log: LogOptions

    func validate() throws {
        if bind.isEmpty { throw ValidationError("--bind is needed at least once, e.g. --bind tcp://127.0.0.1:5570") }
        if let fingerprint, Digest(hex: fingerprint) == nil {
            throw ValidationError("--fingerprint \(fingerprint) is not 64 hexadecimal digits")
        }
    }

    func run() throws {
        ParentWatch.start(parent: parent)
        do {
            var configuration = CoordinatorNode.Configuration(
                endpoints: try bind.map { try Endpoint($0) }, journalPath: journal)
            configuration.allowsPlaintext = allowPlaintext
            if let fingerprint, let digest = Digest(hex: fingerprint) {
                configuration.state.fingerprint = ModelFingerprint(name: "given by --fingerprint", digest: digest)
            }
            let node = try CoordinatorNode(configuration, logger: log.logger("statezero.coordinator"))
            let served = try http.map { try serve(node, at: $0) }
            // HTTP first: what is under way there still wants the coordinator's answer.
            let signals = StopSignals {
                served?.stop()
                node.stop()
            }
            // The port that the system has chosen is told, never guessed.
            for endpoint in node.endpoints {
                FileHandle.standardOutput.write(Data("listening at \(endpoint)\n".utf8))
            }
            if let served { FileHandle.standardOutput.write(Data("http at \(served.url)\n".utf8)) }
            // Whatever ended the coordinator, nothing answers for it any more.
            defer { served?.stop() }
            try withExtendedLifetime(signals) { try node.wait() }
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure(error)
        }
    }

    private func serve(_ node: CoordinatorNode, at address: String) throws -> ServedHTTP {
        var configuration = CoordinatorHTTPServer.Configuration(address: try HTTPAddress(address))
        configuration.allowsPlaintext = allowPlaintext
        configuration.version = Version.text
        let client = CoordinatorClient(ask: { node.ask($0) }, report: { await node.report() })
        return try ServedHTTP(configuration, coordinator: client, logger: log.logger("statezero.http"))
    }
}
