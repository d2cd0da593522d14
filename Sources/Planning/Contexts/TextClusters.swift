import Scoring

/// Finds groups of similar prompts by k-means on their hashed words. This distinguishes topics and templates without an
/// encoder. It is deterministic: the first centres are every n-th row.
struct TextClusters {
    /// For each cluster: the row nearest to its centre, with the cluster's mean reward and number of rollouts.
    let prototypes: [ContextSelection.Keyed]

    /// Number of dimensions of hashed words.
    private static let width = 64
    /// Number of rounds; the last ones move few rows.
    private static let rounds = 5

    /// Clusters some rows. Precondition: at least one cluster, and at least as many rows as clusters.
    init(_ rows: [ContextSelection.Keyed], count: Int) {
        precondition(count >= 1 && rows.count >= count, "\(count) clusters of \(rows.count) rows")
        let points = rows.map { Self.vector($0.row.text) }
        var centres = (0..<count).map { points[$0 * rows.count / count] }
        var nearest = [Int](repeating: 0, count: rows.count)
        for _ in 0..<Self.rounds {
            for (row, point) in points.enumerated() { nearest[row] = Self.nearest(point, centres) }
            centres = Self.centres(points, nearest, former: centres)
        }
        var prototypes: [ContextSelection.Keyed] = []
        for centre in centres.indices {
            let members = rows.indices.filter { nearest[$0] == centre }
            let closest = members.max {
                Self.product(points[$0], centres[centre]) < Self.product(points[$1], centres[centre])
            }
            let total = members.reduce(0) { $0 + rows[$1].row.outcome.n }
            let mean = members.reduce(0) { $0 + rows[$1].row.outcome.reward } / Double(max(1, members.count))
            guard let closest, let outcome = Outcome(reward: min(1, max(0, mean)), n: total) else { continue }
            let row = rows[closest]
            prototypes.append(
                ContextSelection.Keyed(
                    row: ContextSelection.Row(text: row.row.text, outcome: outcome, age: row.row.age), hash: row.hash))
        }
        self.prototypes = prototypes
    }

    private static func centres(_ points: [[Float]], _ nearest: [Int], former: [[Float]]) -> [[Float]] {
        var sums = [[Float]](repeating: [Float](repeating: 0, count: width), count: former.count)
        for (point, centre) in zip(points, nearest) {
            for index in 0..<width { sums[centre][index] += point[index] }
        }
        // A cluster without members keeps its centre.
        return zip(sums, former).map { sum, former in sum.contains { $0 != 0 } ? unit(sum) : former }
    }

    private static func nearest(_ point: [Float], _ centres: [[Float]]) -> Int {
        var best = 0
        var most = -Float.infinity
        for (index, centre) in centres.enumerated() {
            let product = product(point, centre)
            if product > most { (best, most) = (index, product) }
        }
        return best
    }

    private static func product(_ left: [Float], _ right: [Float]) -> Float {
        var sum: Float = 0
        for index in 0..<width { sum += left[index] * right[index] }
        return sum
    }

    /// Signed hashing of words (Weinberger et al., 2009), of length 1.
    private static func vector(_ text: String) -> [Float] {
        var vector = [Float](repeating: 0, count: width)
        var hash = StableHash()
        var isWord = false
        func add() {
            let spread = hash.mixed
            vector[Int(spread % UInt64(width))] += spread >> 63 == 0 ? 1 : -1
        }
        for byte in text.utf8 {
            // A word consists of letters and digits; bytes beyond ASCII are parts of letters.
            let lower = byte | 0x20
            if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower) || byte >= 0x80
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            {
                hash.combine(byte < 0x80 ? lower : byte)
                isWord = true
            } else if isWord {
                add()
                hash = StableHash()
                isWord = false
            }
        }
        if isWord { add() }
        return unit(vector)
    }

    private static func unit(_ vector: [Float]) -> [Float] {
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return norm > 0 ? vector.map { $0 / norm } : vector
    }
}
