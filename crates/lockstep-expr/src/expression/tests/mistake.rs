//! Texts that are no expressions: what is told, where, and what to write instead.

use expect_test::expect;

use super::check;

#[test]
fn missing_and_foreign_tokens_are_told_in_peoples_words() {
    check(
        "
        1 +
        1 + * 2
        (1 + 2
        1 + 2)
        [1, 2}
        a = 1
        a and b
        not a
        a & b
        1 2
        a.1
        a.
        a.true
        ",
        expect![[r#"

            1 +  =>  syntax at ``: a value is missing
            1 + * 2  =>  syntax at `*`: expected a value, found `*`
            (1 + 2  =>  syntax at `(`: `(` is never closed
            1 + 2)  =>  syntax at `)`: `)` closes nothing
            [1, 2}  =>  syntax at `}`: `}` cannot close `[`
            a = 1  =>  syntax at `=`: expected an operator or the end, found `=` (write `==` to compare)
            a and b  =>  syntax at `and`: expected an operator or the end, found `and` (write `&&`)
            not a  =>  syntax at `a`: expected an operator or the end, found `a` (write `!`)
            a & b  =>  syntax at `&`: expected an operator or the end, found `&` (write `&&`)
            1 2  =>  syntax at `2`: expected an operator or the end, found `2`
            a.1  =>  syntax at `1`: expected a field's name, found `1`
            a.  =>  syntax at ``: a field's name is missing
            a.true  =>  syntax at `true`: expected a field's name, found `true`
        "#]],
    );
}

#[test]
fn mistakes_are_told_in_peoples_words() {
    check(
        "
        for == 1
        in
        f(1,)
        [,]
        {1}
        {1: 2, }
        Point{x: 1}
        'open
        'wrong\"
        'a\\
        ${a}
        a ? b
        a ? b : c : d
        has(a)
        has(a.b, c)
        @
        ä
        !
        ;
        1;
        ",
        expect![[r#"

            for == 1  =>  syntax at `for`: `for` is a reserved word
            in  =>  syntax at `in`: `in` is a reserved word
            f(1,)  =>  syntax at `)`: expected a value, found `)`
            [,]  =>  syntax at `,`: expected a value, found `,`
            {1}  =>  syntax at `}`: `:` and a value are missing (a map is written as `{"key": value}`)
            {1: 2, }  =>  {1: 2}
            Point{x: 1}  =>  syntax at `{`: expected an operator or the end, found `{` (messages are not part of the language: write a map, `{"name": value}`)
            'open  =>  syntax at `'`: the string has no end
            'wrong"  =>  syntax at `'`: the string has no end
            'a\  =>  syntax at `'`: the string has no end
            ${a}  =>  syntax at `$`: expected a value, found `$` (this is an expression already: leave out `${` and `}`)
            a ? b  =>  syntax at ``: `:` and a value are missing (a condition is written as `condition ? value : other`)
            a ? b : c : d  =>  syntax at `:`: expected an operator or the end, found `:`
            has(a)  =>  syntax at `a`: `has` takes a field, such as `has(input.name)`
            has(a.b, c)  =>  expr.unknown_function at `has`: `has` is written as `has(value.field)`
            @  =>  syntax at `@`: expected a value, found `@`
            ä  =>  syntax at `ä`: expected a value, found `ä`
            !  =>  syntax at ``: a value is missing
            ;  =>  syntax at `;`: expected a value, found `;` (an expression is one value: nothing is assigned, nothing follows)
            1;  =>  syntax at `;`: expected an operator or the end, found `;` (an expression is one value: nothing is assigned, nothing follows)
        "#]],
    );
}
