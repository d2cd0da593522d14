import Planning
import Scoring
import Wire

/// A request for a plan with what follows from it alone: its identity, and what is wrong with it.
///
/// Both read all of its texts, so a large request is checked on another thread.
public struct CheckedRequest: Sendable {
    /// The request as it arrived.
    let request: RequestPlan
    /// Its identity: another request for the same step has another one.
    let identity: [UInt8]
    /// Why it is refused; `nil` where nothing is wrong with it.
    let refusal: PlanRefusal?

    /// Checks a request. Cost: some milliseconds a megabyte.
    init(_ request: RequestPlan) {
        self.request = request
        identity = request.identity.bytes
        refusal = Self.refusal(of: request)
    }

    private static func refusal(of request: RequestPlan) -> PlanRefusal? {
        do throws(RequestFault) {
            try request.check()
        } catch {
            return PlanRefusal(reason: .invalid, message: "\(error)")
        }
        return unreadable(request)
    }

    /// A request is journalled as a message, with all of its texts. It must be readable again, also when it came from
    /// this process and not over the wire.
    private static func unreadable(_ request: RequestPlan) -> PlanRefusal? {
        var request = request
        request.outcomes = []
        do throws(WireError) {
            let read = try Envelope(rawFrames: Envelope(generation: 0, .requestPlan(request)).rawFrames).message
            guard read == .requestPlan(request) else {
                return PlanRefusal(
                    reason: .invalid,
                    message: "an id is longer than \(Limits.labelBytesMax) bytes, or a number beyond its range")
            }
            return nil
        } catch {
            return PlanRefusal(reason: .invalid, message: "\(error); correct it, or divide the step in two")
        }
    }
}

/// Why a plan is not opened.
struct PlanRefusal: Error {
    let reason: RequestRefused.Reason
    let message: String
    /// For programs; empty where the reason says enough.
    var code = ""
}
