/// Distinguishes models by what they compute, in a way that does not depend on the last digits.
///
/// Engines on different GPUs, or with different batches, differ in the last digits of a vector, so no digest of a vector
/// can be part of a fingerprint: any rounding has values at its border. Instead, fixed texts are embedded, their mean is
/// subtracted, and the place of the largest number is taken: which text, which column, which sign. Two models agree in
/// it by chance in about one of 16 · E · 2 cases. Two engines of one model disagree only if the two largest numbers are
/// closer to each other than the engines' differences; `margin` says how close they are.
package struct EncoderProbe: Sendable, Equatable {
    /// The place of the largest number, as `text 3, column 17, +`.
    package let place: String
    /// By how much the largest number exceeds the next, as a share of it: 0 to 1.
    package let margin: Float

    /// Below this margin, engines of little precision may disagree.
    package static let marginSafe: Float = 0.02

    /// What is embedded; never changed, because identities depend on it.
    package static let texts = [
        "What is 17 plus 25?",
        "Prove that the square root of 2 is irrational.",
        "Translate into French: the train is late today.",
        "def fibonacci(n):",
        "SELECT name, salary FROM employees WHERE department = 'sales' ORDER BY salary DESC;",
        "Who wrote the novel Pride and Prejudice?",
        "Explain photosynthesis to a child of ten.",
        "法国的首都是哪座城市？",
        "A train leaves at noon at 80 km/h and another at one o'clock at 100 km/h. When do they meet?",
        "Summarise the attached contract in three sentences.",
        "¿Cuántos lados tiene un hexágono?",
        "Fix the memory leak in this C++ program.",
        "List the prime numbers below 50.",
        "Write a short poem about the sea in winter.",
        "Is it safe to take ibuprofen together with paracetamol?",
        "日本で一番高い山は何ですか。",
    ]

    /// Reads the place from the vectors of `texts`, all of one width of at least 1.
    package init(_ vectors: [[Float]]) {
        let width = vectors.map(\.count).min() ?? 0
        var (largest, next) = (Float(0), Float(0))
        var place = "none"
        for column in 0..<width {
            let mean = vectors.reduce(0) { $0 + $1[column] } / Float(vectors.count)
            for (text, vector) in vectors.enumerated() {
                let value = vector[column] - mean
                if abs(value) > largest {
                    (next, largest) = (largest, abs(value))
                    place = "text \(text), column \(column), \(value < 0 ? "-" : "+")"
                } else {
                    next = max(next, abs(value))
                }
            }
        }
        self.place = place
        margin = largest > 0 ? (largest - next) / largest : 0
    }
}
