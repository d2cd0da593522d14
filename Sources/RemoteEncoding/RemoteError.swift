import Foundation

/// Why a remote encoder gives no vectors.
public enum RemoteError: Error, Equatable, CustomStringConvertible {
    /// The address cannot be used.
    case url(String, reason: String)
    /// The server refuses, and would refuse again. `message` is its own, or the first characters of its answer; `models`
    /// are those that it lists.
    case refused(url: String, status: Int, message: String, models: [String])
    /// The server refuses the texts of the probe, which are short; `reason` is its own.
    case probeRefused(url: String, reason: String, models: [String])
    /// The server names another address.
    case redirected(url: String, status: Int, location: String)
    /// The answer is not what the API promises. `body` is its first characters.
    case badAnswer(url: String, reason: String, body: String)
    /// No answer for `time`; `reason` is that of the last try.
    case unavailable(url: String, reason: String, time: Duration)
    /// The process was asked to stop while the server gave no answer.
    case stopped(url: String, reason: String)
    /// No model was named, and the server does not list exactly one.
    case modelNeeded(url: String, models: [String])
    /// Vectors have another width than at first.
    case widthChanged(url: String, expected: Int, found: Int)

    /// What happened, where, with which values, and what to do.
    public var description: String {
        switch self {
        case .url(let text, let reason):
            "--encoder-url \(text): \(reason); give the API's root, as http://127.0.0.1:8000/v1"
        case .refused(let url, let status, let message, let models):
            "\(url): status \(status): \(message); \(Self.advice(status, models))"
        case .probeRefused(let url, let reason, let models):
            "\(url): \(reason); \(Self.advice(400, models))"
        case .redirected(let url, let status, let location):
            "\(url): status \(status), a redirection to \(location); if you trust that address, give it with --encoder-url"
        case .badAnswer(let url, let reason, let body):
            "\(url): the answer cannot be used: \(reason); it begins with \"\(body)\". "
                + "Check that --encoder-url is the root of an OpenAI-compatible API with embeddings"
        case .unavailable(let url, let reason, let time):
            "\(url): no answer for \(Self.seconds(time)) s, last: \(reason); check that the server runs, and --encoder-url"
        case .stopped(let url, let reason):
            "\(url): stopped while the server gave no answer (\(reason))"
        case .modelNeeded(let url, let models):
            models.isEmpty
                ? "\(url): the server lists no model; name one with --encoder-model"
                : "\(url): the server lists \(models.count) models; choose one with --encoder-model: \(Self.list(models))"
        case .widthChanged(let url, let expected, let found):
            "\(url): a vector has \(found) numbers, earlier ones had \(expected); the server seems to have another model "
                + "now. Start the worker again"
        }
    }

    private static func advice(_ status: Int, _ models: [String]) -> String {
        let served = models.isEmpty ? "" : "; it serves \(list(models))"
        return switch status {
        case 401, 403: "give the API key with --encoder-key-env or --encoder-key-file"
        case 404, 405: "check --encoder-url, which usually ends in /v1, and --encoder-model\(served)"
        default: "check --encoder-model and that the server computes embeddings\(served)"
        }
    }

    private static func list(_ models: [String]) -> String {
        models.prefix(10).joined(separator: ", ") + (models.count > 10 ? " and \(models.count - 10) more" : "")
    }

    private static func seconds(_ time: Duration) -> String { String(format: "%.0f", time / .seconds(1)) }
}
