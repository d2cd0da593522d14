import HTTPServing
import JSON
import NIOCore
import Wire

/// The lines of a streamed plan: one a budget, then the end or an error.
enum PlanLines {
    /// The budgets that a reply brought, and the end if the plan is over.
    static func lines(for reply: ReplyEvent, _ answer: PlanAnswer, isOver: Bool) -> ByteBuffer {
        var json = JSONWriter()
        if case .message(.budgets(_, let budgets)) = reply {
            for budget in budgets {
                json.object { json in
                    json.member("kind", "budget")
                    json.member("index", budget.index)
                    PlanAnswer.write(budget, to: &json)
                }
                json.raw("\n")
            }
        }
        if isOver {
            json.object { json in
                json.member("kind", "end")
                answer.write(to: &json, withItems: false)
            }
            json.raw("\n")
        }
        return ByteBuffer(bytes: json.bytes)
    }

    /// An error after the first line, when the status was sent.
    static func line(for failure: HTTPFailure) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("kind", "error")
            failure.write(to: &json)
        }
        json.raw("\n")
        return ByteBuffer(bytes: json.bytes)
    }
}
