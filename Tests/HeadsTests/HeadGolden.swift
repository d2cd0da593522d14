import Foundation
import Scoring
import TestSupport
import Testing

/// What numpy and scipy said of small inputs, from `Tests/Goldens/head`; `scripts/goldens/head/make_gp.py` made it.
enum HeadGolden {
    struct Surface: Decodable {
        let texts: [String]
        let features: [[Double]]
    }

    struct Regression: Decodable {
        struct Case: Decodable {
            let name: String
            let columns: Int
            let context: [Float]
            let rewards: [Double]
            let rollouts: [Int]
            let queries: [Float]
            let p: [Double]
            let kappa: Double
            let low: [Double]
            let high: [Double]
        }
        let cases: [Case]
    }

    struct Beta: Decodable {
        let rows: [[Double]]
    }

    static func read<Golden: Decodable>(_ name: String, as type: Golden.Type) throws -> Golden {
        let root = Repository.root.appending(path: "Tests")
        let data = try Data(contentsOf: root.appendingPathComponent("Goldens/head/\(name)"))
        return try JSONDecoder().decode(type, from: data)
    }
}
