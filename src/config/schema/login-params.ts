/** Checks of the parameters that a link to the login endpoint may set, compiled from the configuration. */
import { compilePattern, type PatternBudget } from '../../policy/values/pattern.ts';
import { type AllowedLoginParam, paramName, valueForm } from '../sections/login-params.ts';

/** One parameter that a link may set. */
export interface LoginParamCheck {
  readonly name: string;
  /** A budget suffices for one value of each parameter. */
  accepts(value: string, budget: PatternBudget): boolean;
}

/** Compiles one entry of `provider.allowedLoginParams`. */
export function compileLoginParam(entry: AllowedLoginParam): LoginParamCheck {
  const name = paramName(entry);
  const form = valueForm(name);
  const { values, pattern } = typeof entry === 'string' ? {} : entry;
  const matches = pattern === undefined ? undefined : compilePattern(pattern);
  return {
    name,
    accepts: (value, budget) =>
      form.test(value) &&
      (values === undefined || values.includes(value)) &&
      (matches === undefined || matches([value], budget)),
  };
}
