import Scoring

// The one place where the bounds of a trainer's requests are checked. Members have the names of HTTP and protobuf.

extension RequestPlan {
    /// Throws the first member outside its bounds. Its outcomes are not checked here, but each by itself.
    public func check() throws(RequestFault) {
        try plan.check()
        if let policyVersion { try RequestFault.check(policyVersion, in: PlanLimits.steps, "policy_version") }
        try RequestFault.check(total, in: PlanLimits.totals, "total")
        try RequestFault.check(reserve, in: PlanLimits.totals, "reserve")
        try checkSizes()
        try RequestFault.check(explore, in: PlanLimits.shares, "explore")
        try RequestFault.check(recordDecay, in: PlanLimits.shares, "record_decay")
        try RequestFault.check(lookAhead, in: PlanLimits.shares, "look_ahead")
        try RequestFault.check(lookAheadMost, in: PlanLimits.rollouts, "look_ahead_most")
        guard PlanLimits.groupSurvival.contains(groupSurvival) else {
            throw RequestFault(
                "group_survival",
                "group_survival is \(groupSurvival); it must be a number from "
                    + "\(PlanLimits.groupSurvival.lowerBound) to below \(PlanLimits.groupSurvival.upperBound)")
        }
        try RequestFault.check(Int(clamping: attempt), in: PlanLimits.attempts, "attempt")
        try RequestFault.check(inFlightMax, in: PlanLimits.stepsInFlight, "in_flight_max")
        if let totalTokens { try RequestFault.check(totalTokens, in: 1...PlanLimits.tokens.upperBound, "total_tokens") }
        try RequestFault.check(revisitAfter, in: PlanLimits.counts, "revisit_after")
        guard revisitAfter == 0 || explore > 0 else {
            throw RequestFault(
                "revisit_after", "revisit_after is \(revisitAfter), but explore, which pays for it, is 0")
        }
        try RequestFault.check(deadline: deadline)
        try context.check()
        _ = try RequestFault.rewardRange(low: rewards.lowerBound, high: rewards.upperBound)
        try RequestFault.check(count: candidates.count, in: PlanLimits.candidates, "items")
        for (index, candidate) in candidates.enumerated() { try candidate.check(at: index) }
        try RequestFault.check(
            references: references, of: plan.policyID, named: candidates.map(\.facts)
        ) { "items[\($0)]" }
        try RequestFault.check(count: outcomes.count, in: PlanLimits.outcomes, "outcomes")
    }

    /// Throws `duplicate` where two candidates have the same id. Cost: a hash of every id.
    ///
    /// Apart from `check`, because the planner finds them anyway when it makes its index of candidates.
    public func checkNoDuplicates() throws(RequestFault) {
        var first: [String: Int] = [:]
        first.reserveCapacity(candidates.count)
        for (index, candidate) in candidates.enumerated() {
            guard let other = first.updateValue(index, forKey: candidate.promptID) else { continue }
            throw RequestFault(
                "items[\(index)].prompt_id",
                "items[\(index)].prompt_id is \"\(candidate.promptID.prefix(80))\", as is that of items[\(other)]; "
                    + "give each prompt one item", kind: .duplicate)
        }
    }

    private func checkSizes() throws(RequestFault) {
        try RequestFault.check(minimum, in: PlanLimits.rollouts, "n_min")
        try RequestFault.check(maximum, in: PlanLimits.rollouts, "n_max")
        guard minimum <= maximum else {
            throw RequestFault("n_max", "n_max is \(maximum), less than n_min, which is \(minimum)")
        }
        try RequestFault.check(multipleOf, in: PlanLimits.multiples, "multiple_of")
        try RequestFault.check(count: groupSizes.count, in: PlanLimits.groupSizes, "group_sizes")
        for (index, size) in groupSizes.enumerated() {
            try RequestFault.check(size, in: PlanLimits.rollouts, "group_sizes[\(index)]")
        }
    }
}

extension PlanName {
    /// Throws the first member outside its bounds.
    public func check() throws(RequestFault) {
        try RequestFault.check(bytesOf: policyID, in: PlanLimits.policyIDBytes, "policy_id")
        try RequestFault.check(step, in: PlanLimits.steps, "step")
    }
}

extension PlanCandidate {
    fileprivate func check(at index: Int) throws(RequestFault) {
        try RequestFault.check(bytesOf: promptID, in: PlanLimits.idBytes, "items[\(index)].prompt_id")
        try RequestFault.check(bytesOf: text, in: PlanLimits.textBytes, "items[\(index)].prompt")
        if let minimum { try RequestFault.check(minimum, in: PlanLimits.rollouts, "items[\(index)].n_min") }
        if let maximum { try RequestFault.check(maximum, in: PlanLimits.rollouts, "items[\(index)].n_max") }
        if let expectedTokens {
            try RequestFault.check(expectedTokens, in: PlanLimits.answerTokens, "items[\(index)].expected_tokens")
        }
        if let tokensMax {
            try RequestFault.check(tokensMax, in: 1...PlanLimits.tokens.upperBound, "items[\(index)].tokens_max")
        }
        try facts.check(at: "items[\(index)]")
    }
}

extension PromptFacts {
    fileprivate func check(at path: String) throws(RequestFault) {
        try Self.check(references.map(\.name), in: PlanLimits.references, "\(path).references")
        try Self.check(covariates.map(\.name), in: PlanLimits.covariates, "\(path).covariates")
        for case .category(let category) in covariates.lazy.map(\.value) {
            try RequestFault.check(bytesOf: category, in: PlanLimits.idBytes, "\(path).covariates")
        }
    }

    private static func check(
        _ names: [String], in range: ClosedRange<Int>, _ member: String
    ) throws(RequestFault) {
        // First, because the time of the search for duplicates grows with the square of the count.
        try RequestFault.check(count: names.count, in: range, member)
        for (place, name) in names.enumerated() {
            try RequestFault.check(bytesOf: name, in: PlanLimits.policyIDBytes, "\(member): a name")
            guard !names[..<place].contains(name) else {
                throw RequestFault(member, "\(member) has \"\(name)\" twice; give each name once", kind: .duplicate)
            }
        }
    }
}

extension ContextChoice {
    fileprivate func check() throws(RequestFault) {
        try RequestFault.check(rows, in: PlanLimits.contextRows, "context.rows")
    }
}

extension ReportOutcomes {
    /// Throws the first member outside its bounds. Its outcomes are not checked here, but each by itself.
    public func check() throws(RequestFault) {
        try RequestFault.check(bytesOf: policyID, in: PlanLimits.policyIDBytes, "policy_id")
        if let rewards {
            _ = try RequestFault.rewardRange(low: rewards.lowerBound, high: rewards.upperBound)
        }
        try RequestFault.check(Int(clamping: attempt), in: PlanLimits.attempts, "attempt")
        try RequestFault.check(count: outcomes.count, in: PlanLimits.outcomes, "outcomes")
    }
}

extension DropPlans {
    /// Throws the first member outside its bounds.
    public func check() throws(RequestFault) {
        try RequestFault.check(bytesOf: policyID, in: PlanLimits.policyIDBytes, "policy_id")
        try RequestFault.check(fromStep, in: PlanLimits.steps, "from")
        try RequestFault.check(Int(clamping: attempt), in: PlanLimits.attempts, "attempt")
    }
}

extension GroupOutcome {
    /// Throws the first member outside its bounds. `path` names the outcome, as `outcomes[3]`. Rewards that are no numbers
    /// pass: the planner rejects their outcome alone.
    public func check(at path: String) throws(RequestFault) {
        try RequestFault.check(bytesOf: eventID, in: PlanLimits.idBytes, "\(path).event_id")
        try RequestFault.check(bytesOf: promptID, in: PlanLimits.idBytes, "\(path).prompt_id")
        try RequestFault.check(bytesOf: text, in: PlanLimits.textBytes, "\(path).prompt")
        if let policyVersion { try RequestFault.check(policyVersion, in: PlanLimits.steps, "\(path).policy_version") }
        if let step { try RequestFault.check(step, in: PlanLimits.steps, "\(path).step") }
        try RequestFault.check(count: rewards.count, in: PlanLimits.groupRollouts, "\(path).rewards")
        for (index, reward) in rewards.enumerated() where !reward.isNaN {
            try RequestFault.check(reward, in: PlanLimits.rewards, "\(path).rewards[\(index)]")
        }
        if !mean.isNaN { try RequestFault.check(mean, in: PlanLimits.rewards, "\(path).mean") }
        try RequestFault.check(tokens, in: PlanLimits.tokens, "\(path).tokens")
        try RequestFault.check(n, in: PlanLimits.counts, "\(path).n")
        try RequestFault.check(failed, in: PlanLimits.counts, "\(path).failed")
    }
}

extension RequestScores {
    /// Throws the first member outside its bounds. Its texts and their context were checked when they became blocks.
    public func check() throws(RequestFault) {
        try RequestFault.check(bytesOf: policy.id, in: PlanLimits.policyIDBytes, "policy_id")
        if let version = policy.version { try RequestFault.check(version, in: PlanLimits.steps, "policy_version") }
        try RequestFault.check(deadline: deadline)
        try choice.check()
        try RequestFault.check(count: texts.count, in: 1...Limits.shardRowsMax, "items")
        let path = { (row: Int) in
            row < texts.count ? "items[\(row)]" : "context_set[\(row - texts.count)]"
        }
        for (row, known) in facts.enumerated() { try known.check(at: path(row)) }
        try RequestFault.check(references: references, of: policy.id, named: facts, at: path)
    }
}

extension RequestFault {
    /// Names of references and covariates: within their bounds, each once, and together no more than a schema has.
    fileprivate static func check(
        references: [String], of policyID: String, named facts: [PromptFacts], at path: (Int) -> String
    ) throws(RequestFault) {
        try check(count: references.count, in: PlanLimits.references, "references")
        var names: Set<String> = []
        for (index, id) in references.enumerated() {
            try check(bytesOf: id, in: PlanLimits.policyIDBytes, "references[\(index)]")
            guard id != policyID else {
                throw RequestFault(
                    "references[\(index)]",
                    "references[\(index)] is the policy itself; its own earlier outcomes are used without being named")
            }
            guard names.insert(id).inserted else {
                throw RequestFault("references[\(index)]", "references[\(index)] is \"\(id)\" again", kind: .duplicate)
            }
        }
        var covariates: Set<String> = []
        for (index, known) in facts.enumerated() {
            guard !known.references.contains(where: { $0.name == policyID }) else {
                throw RequestFault(
                    "\(path(index)).references",
                    "\(path(index)).references names the policy itself: its outcome there would be the answer")
            }
            names.formUnion(known.references.lazy.map(\.name))
            covariates.formUnion(known.covariates.lazy.map(\.name))
        }
        try check(count: names.count, in: PlanLimits.references, "items[].references, all names together,")
        try check(count: covariates.count, in: PlanLimits.covariates, "items[].covariates, all names together,")
    }

    fileprivate static func check(deadline: Duration) throws(RequestFault) {
        let (seconds, attoseconds) = deadline.components
        let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
        let whole = milliseconds.overflow ? seconds : milliseconds.partialValue + attoseconds / 1_000_000_000_000_000
        try check(Int(whole), in: PlanLimits.deadlineMilliseconds, "deadline_ms")
    }
}
