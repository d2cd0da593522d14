import Corpora
import Foundation
import Routing
import TestSupport
import Testing

@Suite("The router's OpenAPI document")
struct RouterAPITests {
    @Test("it lists the words of the code: reasons, exclusions, needs and rules")
    func words() throws {
        let path = Repository.root.appending(path: "proto/openapi.router.yaml")
        let text = try String(contentsOf: path, encoding: .utf8)
        for words in [
            RouteDecision.Reason.allCases.map(\.rawValue), RouteCandidate.Exclusion.allCases.map(\.rawValue),
            ChatNeed.allCases.map(\.rawValue), RouteRule.names,
        ] {
            let list = "enum: [\(words.joined(separator: ", "))]"
            #expect(text.contains(list), "proto/openapi.router.yaml has no \(list)")
        }
    }
}
