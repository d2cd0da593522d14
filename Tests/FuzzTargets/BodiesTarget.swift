import CoordinatorHTTP
import Corpora
import HTTPServing
import JSON
import Wire

/// Bodies and queries of HTTP requests; the first byte chooses the request. What the coordinator accepts over HTTP must be
/// a message that can be sent.
enum BodiesTarget {
    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let choice = input.byte()
        let body = input.remainder()
        switch choice % 7 {
        case 0: return json(body).flatMap { try? RequestPlan($0) }.flatMap { check(.requestPlan($0)) }
        case 1: return json(body).flatMap { try? ReportOutcomes($0, request: 1) }.flatMap { check(.reportOutcomes($0)) }
        case 2:
            let found = json(body).flatMap { try? RequestScores.reading($0, request: 1) }
            return found.flatMap { check(.requestScores($0.request)) }
        case 3:
            let query = String(decoding: body, as: UTF8.self)
            return (try? DropPlans(query: query, request: 1)).flatMap { check(.dropPlans($0)) }
        case 4: return chat(body)
        case 5:
            let query = String(decoding: body, as: UTF8.self)
            let found = try? QueryNumbers.read(query, ["from": 0...100, "limit": 1...5])
            return found?["from"].map { 0...100 ~= $0 } == false ? "\(query) is out of range" : nil
        default:
            let text = String(decoding: body, as: UTF8.self)
            guard let address = try? HTTPAddress(text) else { return nil }
            _ = address.isLocal
            return (try? HTTPAddress("\(address)")) == address ? nil : "\(text) is read as \(address)"
        }
    }

    private static func json(_ body: [UInt8]) -> JSONValue? {
        try? JSONValue(reading: body, readsNaN: MissingRewards.areAll(in: body))
    }

    private static func check(_ message: Message) -> String? {
        do throws(WireError) {
            _ = try Envelope(frames: Envelope(generation: 1, message).frames)
            return nil
        } catch {
            return "accepted over HTTP, refused as a message: \(error)"
        }
    }

    private static func chat(_ body: [UInt8]) -> String? {
        guard let request = try? ChatRequest(body) else { return nil }
        let renamed = request.body(naming: "another \"model\"")
        return (try? ChatRequest(renamed))?.model == "another \"model\"" ? nil : "the model's name was not replaced"
    }
}
