/// A number and the noun that it counts, for messages: "1 worker", "2 workers".
package func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
}
