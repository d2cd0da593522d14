import ArgumentParser
import CommandSupport
import Foundation
import JSON
import Keys
import Scoring
import ZeroMQ

/// Checks of a coordinator as this machine reaches it: over ZeroMQ as a peer, and over HTTP as an operator.
struct CoordinatorChecks: ParsableArguments {
    @Option(help: "Endpoint of a coordinator to reach, such as tcp://127.0.0.1:5570.")
    var connect: String?

    @OptionGroup var key: KeyOption

    @Option(help: "HOST:PORT of its HTTP server: its version, its model, and its clock beside this machine's.")
    var http: String?

    @Option(help: "File with a token for its HTTP server, of a role such as observer.")
    var tokenFile: String?

    @Flag(help: "It serves HTTP over TLS.")
    var tls = false

    @Option(help: "Certificates (PEM) that its certificate must come from, instead of the system's. Implies --tls.")
    var caFile: String?

    /// Rotated keys and tokens end at a time of the coordinator's clock, and logs of several machines are compared.
    private static let skewMax = 2.0

    func checks(_ model: ModelOptions) -> [MachineCheck] {
        (connect.map { [reach($0)] } ?? []) + (http.map { operate($0, model) } ?? [])
    }

    private func reach(_ endpoint: String) -> MachineCheck {
        MachineCheck("coordinator") {
            let probe = CoordinatorProbe(try Endpoint(endpoint), security: try key.security)
            let advice = """
                is it there, is the address right, does a firewall pass it, and does it ask for a key (--key)?
                """
            switch try probe.run() {
            case .silence:
                return MachineCheck("coordinator", .failed, "\(endpoint): no answer within 5 s", advice: advice)
            case .welcome(let model):
                let name = model.map { "its model is \($0)" } ?? "no worker has joined yet"
                return MachineCheck("coordinator", .good, "\(endpoint) answers; \(name)")
            case .permission:
                return MachineCheck("coordinator", .good, "\(endpoint) answers, and admits this key")
            case .refused(let message):
                return MachineCheck(
                    "coordinator", .failed, "\(endpoint) refuses this program: \(message)",
                    advice: "install the same version on both sides; the coordinator is upgraded first")
            }
        }
    }

    private func operate(_ address: String, _ model: ModelOptions) -> [MachineCheck] {
        let status: JSONValue
        let (before, after): (Double, Double)
        do {
            let token = tokenFile.map { ["--token-file", $0] } ?? []
            let trust = (tls ? ["--tls"] : []) + (caFile.map { ["--ca-file", $0] } ?? [])
            let options = try OperatorOptions.parse(["--http", address] + token + trust)
            before = Date().timeIntervalSince1970
            status = try options.ask("/v1/status")
            after = Date().timeIntervalSince1970
        } catch {
            return [MachineCheck("http") { throw error }]
        }
        return [version(status, address), clock(status, from: before, to: after), fingerprint(status, model)]
    }

    private func version(_ status: JSONValue, _ address: String) -> MachineCheck {
        let theirs = status.member(at: ["version"])?.string ?? "unknown"
        guard theirs != Version.text else {
            return MachineCheck("http", .good, "\(address) answers; version \(theirs)")
        }
        return MachineCheck(
            "http", .warning, "\(address) answers; its version is \(theirs), this one \(Version.text)",
            advice: "upgrade the coordinator first, then the workers, then the clients")
    }

    private func clock(_ status: JSONValue, from before: Double, to after: Double) -> MachineCheck {
        guard let theirs = status.member(at: ["time"])?.double else {
            return MachineCheck("clock", .skipped, "a coordinator of this version does not report its time")
        }
        // The coordinator read its clock at some moment between the two.
        let skew = theirs < before ? theirs - before : max(0, theirs - after)
        let found = String(format: "the coordinator's is %.2f s %@", abs(skew), skew < 0 ? "behind" : "ahead")
        if abs(skew) <= Self.skewMax { return MachineCheck("clock", .good, abs(skew) < 0.005 ? "equal" : found) }
        return MachineCheck(
            "clock", .failed, found, advice: "run a time service on both machines, such as chrony or systemd-timesyncd")
    }

    /// A worker with another model is refused by the coordinator.
    private func fingerprint(_ status: JSONValue, _ options: ModelOptions) -> MachineCheck {
        MachineCheck("same model") {
            let theirs = status.member(at: ["coordinator", "fingerprint"])?.string ?? ""
            guard !theirs.isEmpty else {
                return MachineCheck("same model", .skipped, "no worker has joined, so the cluster has no model yet")
            }
            let own = try options.make(threads: 1).fingerprint.digest.hex
            if own == theirs { return MachineCheck("same model", .good, "the cluster's model is this machine's") }
            return MachineCheck(
                "same model", .failed, "the cluster's model is \(theirs.prefix(12)), this machine's \(own.prefix(12))",
                advice: """
                    workers here would be refused: give them the same model, --precision and --head, and a processor with \
                    the same instruction sets
                    """)
        }
    }
}
