import SyncModel

/// A regular expression of PostgreSQL's advanced syntax, compiled to a machine that follows all ways at once: its
/// work grows with expression × text, and is bounded.
///
/// Without back-references and lookaround, which no such machine can follow: they are refused by name.
struct Regex: Sendable {
    /// What one step of the machine is.
    enum Instruction: Sendable {
        case set(Int)
        case split(Int, Int)
        case jump(Int)
        case assertion(RegexNode.Assertion)
        case match
    }

    /// Of one expression, counted repetitions written out.
    static let maxInstructions = 10_000
    /// Of one match.
    static let maxSteps = 2_000_000

    private let instructions: [Instruction]
    private let sets: [RegexSet]
    private let isNewlineSensitive: Bool

    init(_ pattern: Text, ignoresCase: Bool) throws(EvaluationError) {
        var parser = RegexParser(pattern, ignoresCase: ignoresCase)
        let node = try parser.parse()
        var compiler = RegexCompiler()
        try compiler.add(node)
        try compiler.emit(.match)
        instructions = compiler.instructions
        sets = compiler.sets
        isNewlineSensitive = parser.options.anchorsAtLines
    }

    /// Whether a part of the text matches.
    func matches(_ text: Text) throws(EvaluationError) -> Bool {
        var machine = RegexMachine(
            Array(text.string.unicodeScalars), instructions.count, anchorsAtLines: isNewlineSensitive)
        return try machine.run(instructions, sets)
    }
}

private struct RegexCompiler {
    private(set) var instructions: [Regex.Instruction] = []
    private(set) var sets: [RegexSet] = []

    mutating func emit(_ instruction: Regex.Instruction) throws(EvaluationError) {
        guard instructions.count < Regex.maxInstructions else {
            throw EvaluationError(
                "regular expression is too complex: at most \(Regex.maxInstructions) steps, repetitions written out")
        }
        instructions.append(instruction)
    }

    mutating func add(_ node: RegexNode) throws(EvaluationError) {
        switch node {
        case .empty: break
        case .set(let set):
            sets.append(set)
            try emit(.set(sets.count - 1))
        case .assertion(let assertion): try emit(.assertion(assertion))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .alternatives(let nodes): try add(alternatives: nodes)
        case .repeated(let node, let least, let most): try add(node, least: least, most: most)
        }
    }

    private mutating func add(alternatives nodes: [RegexNode]) throws(EvaluationError) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try add(node)
                break
            }
            let split = instructions.count
            try emit(.split(split + 1, 0))
            try add(node)
            ends.append(instructions.count)
            try emit(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    private mutating func add(_ node: RegexNode, least: Int, most: Int?) throws(EvaluationError) {
        for _ in 0..<least { try add(node) }
        guard let most else {
            let split = instructions.count
            try emit(.split(split + 1, 0))
            try add(node)
            try emit(.jump(split))
            instructions[split] = .split(split + 1, instructions.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<max(least, most) {
            splits.append(instructions.count)
            try emit(.split(instructions.count + 1, 0))
            try add(node)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }
}

/// All ways through the instructions, one character of the text after the other.
private struct RegexMachine {
    private let text: [Unicode.Scalar]
    private let anchorsAtLines: Bool
    private var current: [Int] = []
    private var next: [Int] = []
    /// The place in the text, plus one, at which an instruction was last reached.
    private var reached: [Int]
    private var pending: [Int] = []
    private var steps = 0

    init(_ text: [Unicode.Scalar], _ count: Int, anchorsAtLines: Bool) {
        self.text = text
        self.anchorsAtLines = anchorsAtLines
        reached = [Int](repeating: 0, count: count)
    }

    mutating func run(
        _ instructions: [Regex.Instruction], _ sets: [RegexSet]
    ) throws(EvaluationError) -> Bool {
        for place in 0...text.count {
            // A match may begin anywhere.
            if try follow(0, at: place, instructions) { return true }
            guard place < text.count else { return false }
            swap(&current, &next)
            next.removeAll(keepingCapacity: true)
            let scalar = text[place]
            for index in current {
                guard case .set(let set) = instructions[index], sets[set].contains(scalar) else { continue }
                if try follow(index + 1, at: place + 1, instructions) { return true }
            }
            steps += current.count
        }
        return false
    }

    /// Everything that is reached without a character; true when that is the end.
    private mutating func follow(
        _ start: Int, at place: Int, _ instructions: [Regex.Instruction]
    ) throws(EvaluationError) -> Bool {
        pending.append(start)
        while let index = pending.popLast() {
            guard reached[index] != place + 1 else { continue }
            reached[index] = place + 1
            steps += 1
            guard steps <= Regex.maxSteps else {
                throw EvaluationError("a regular expression takes at most \(Regex.maxSteps) steps for one text")
            }
            switch instructions[index] {
            case .set: next.append(index)
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending.append(contentsOf: [second, first])
            case .assertion(let assertion): if holds(assertion, at: place) { pending.append(index + 1) }
            case .match:
                pending.removeAll(keepingCapacity: true)
                return true
            }
        }
        return false
    }

    private func holds(_ assertion: RegexNode.Assertion, at place: Int) -> Bool {
        let isWordBefore = place > 0 && RegexSet.isWord(text[place - 1])
        let isWordAfter = place < text.count && RegexSet.isWord(text[place])
        switch assertion {
        case .lineStart: return place == 0 || (anchorsAtLines && text[place - 1] == "\n")
        case .lineEnd: return place == text.count || (anchorsAtLines && text[place] == "\n")
        case .textStart: return place == 0
        case .textEnd: return place == text.count
        case .wordStart: return !isWordBefore && isWordAfter
        case .wordEnd: return isWordBefore && !isWordAfter
        case .wordBoundary: return isWordBefore != isWordAfter
        case .noWordBoundary: return isWordBefore == isWordAfter
        }
    }
}
