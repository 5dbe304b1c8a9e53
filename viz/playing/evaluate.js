// The program of a picture, computed: values forward, gradients backward, as the engine does it. `program` has arrays:
// values (numbers; of leaves they may be changed), kinds, operations [name, operands, result] in the order of
// computation, seeds [value, gradient] that backward begins with, guards [value, outcome].

const never = (count) => Array(count).fill(NaN);

// The local gradients of an operation. `uses` says of each operand in how many places it stands, 0 for a constant.
function local_gradients(name, operands, out, uses) {
  const rule = operations[name];
  // The side that a choice does not take may be nan.
  if (name !== "select" && (Number.isNaN(out) || operands.some(Number.isNaN))) return never(operands.length);
  if (rule.all) {
    const result = never(operands.length);
    rule.all(operands, operands.length, out, uses, result);
    return result;
  }
  if (rule.beside && uses.includes(0)) {
    const [a, b] = operands;
    return [uses[0] ? rule.beside(a, b, out) : 0, uses[1] ? rule.beside(b, a, out) : 0];
  }
  return rule.gradients.map((gradient) => gradient(...operands, out));
}

const value_of = (name, operands) => (operations[name].all ? operations[name].value(operands, operands.length) : operations[name].value(...operands));

function uses_of(program, operands) {
  const count = new Map();
  for (const operand of operands) count.set(operand, (count.get(operand) || 0) + 1);
  return operands.map((operand) => (program.varies[operand] ? count.get(operand) : 0));
}

function forward(program) {
  for (const operation of program.operations) {
    const numbers = operation.operands.map((operand) => program.values[operand]);
    program.values[operation.result] = value_of(operation.name, numbers);
    operation.slopes = local_gradients(operation.name, numbers, program.values[operation.result], operation.uses);
  }
}

function backward(program) {
  const adjoints = program.values.map(() => null);
  for (const [value, gradient] of program.seeds) adjoints[value] = gradient;
  for (let place = program.operations.length - 1; place >= 0; place--) {
    const { name, operands, result, slopes } = program.operations[place], adjoint = adjoints[result];
    if (adjoint === null) continue;
    operands.forEach((operand, side) => {
      const skipped = program.recorded && ["select", "absorb", "gate"].includes(name) && slopes[side] === 0;
      if (program.varies[operand] && !skipped) adjoints[operand] = (adjoints[operand] ?? 0) + adjoint * slopes[side];
    });
  }
  program.gradients = adjoints;
}

// The guards that no longer hold: the numbers belong to another path.
const failed_guards = (program) => program.guards.filter(([value, outcome]) => (program.values[value] !== 0) !== outcome);
