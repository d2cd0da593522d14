/// What a rollout costs, by prompt: numbers under a key of the user's own in rows that have an id, such as scores, outcomes or
/// a table. The unit is the user's: tokens, seconds, dollars.
///
/// A row with `n` was observed: its number is the mean over n rollouts. A row without `n` states what is to be expected.
public struct CostTable: Sendable {
    /// The numbers of one prompt.
    public struct Cost: Sendable {
        /// Sums over rows with `n`: cost of all rollouts, and rollouts.
        public internal(set) var observed = (cost: 0.0, rollouts: 0.0)
        /// Sums over rows without `n`: costs, and rows.
        public internal(set) var stated = (cost: 0.0, rows: 0.0)
    }

    /// By prompt id.
    public private(set) var costs: [String: Cost] = [:]
    /// Rows that could not be read, and rows whose number is not above 0.
    public private(set) var errors = ErrorCounts()
    /// Rows without the key.
    public private(set) var rowsWithout = 0

    /// Reads files. Throws if one cannot be read. Memory: an entry for each prompt.
    public init(files: [String], key: String) throws(CorporaError) {
        let shared = SharedRowLayout(RowLayout([.id: RowKeys.ids, .n: ["n"], .cost: [key]]))
        var lines = try RowFiles(files, columns: shared.layout.columnNames)
        while let line = try lines.next() {
            switch line {
            case .rejected(let error): errors.add(error)
            case .row(let content, let file, let number):
                do throws(RowProblem) {
                    try add(RowFields(content, layout: shared))
                } catch {
                    errors.add(error.at(file, line: number))
                }
            }
        }
    }

    private mutating func add(_ fields: RowFields) throws(RowProblem) {
        guard let (key, cost) = try fields.number(.cost) else {
            rowsWithout += 1
            return
        }
        guard let id = try fields.id() else {
            throw RowProblem(code: .badID, message: "no id under \(fields.keys(.id))")
        }
        guard cost > 0, cost <= 1e15 else {
            throw RowProblem(code: .badType, message: "\"\(key)\" is \(cost); a cost is a number above 0, to 1e15")
        }
        guard let n = try fields.integer(.n) else {
            costs[id, default: Cost()].stated.cost += cost
            costs[id, default: Cost()].stated.rows += 1
            return
        }
        guard n >= 1 else { throw RowProblem(code: .badType, message: "\"n\" is \(n); at least one rollout is needed") }
        costs[id, default: Cost()].observed.cost += cost * Double(n)
        costs[id, default: Cost()].observed.rollouts += Double(n)
    }
}
