//! Operators, and how tightly they bind.

use jaq_core::load::parse::BinaryOp;
use jaq_core::ops::{Cmp, Math};

use super::Parser;
use crate::syntax::tokens::Kind;

/// How tightly operators bind, the loosest first.
pub(super) mod binds {
    pub(in super::super) const PIPE: u8 = 0;
    pub(in super::super) const COMMA: u8 = 1;
    pub(in super::super) const ALTERNATIVE: u8 = 2;
    pub(in super::super) const ASSIGNMENT: u8 = 3;
    pub(in super::super) const OR: u8 = 4;
    pub(in super::super) const AND: u8 = 5;
    pub(in super::super) const COMPARISON: u8 = 6;
    pub(in super::super) const SUM: u8 = 7;
    pub(in super::super) const PRODUCT: u8 = 8;
}

impl<'s> Parser<'s, '_> {
    /// The operator that comes next, if one does.
    pub(super) fn operator(&self, commas: bool) -> Option<(BinaryOp<&'s str>, u8)> {
        Some(match self.peek().kind {
            Kind::Symbol("|") => (BinaryOp::Pipe(None), binds::PIPE),
            Kind::Symbol(",") if commas => (BinaryOp::Comma, binds::COMMA),
            Kind::Symbol("//" | "?//") => (BinaryOp::Alt, binds::ALTERNATIVE),
            Kind::Symbol("=") => (BinaryOp::Assign, binds::ASSIGNMENT),
            Kind::Symbol("|=") => (BinaryOp::Update, binds::ASSIGNMENT),
            Kind::Symbol("+=") => (BinaryOp::UpdateMath(Math::Add), binds::ASSIGNMENT),
            Kind::Symbol("-=") => (BinaryOp::UpdateMath(Math::Sub), binds::ASSIGNMENT),
            Kind::Symbol("*=") => (BinaryOp::UpdateMath(Math::Mul), binds::ASSIGNMENT),
            Kind::Symbol("/=") => (BinaryOp::UpdateMath(Math::Div), binds::ASSIGNMENT),
            Kind::Symbol("%=") => (BinaryOp::UpdateMath(Math::Rem), binds::ASSIGNMENT),
            Kind::Symbol("//=") => (BinaryOp::UpdateAlt, binds::ASSIGNMENT),
            Kind::Word("or") => (BinaryOp::Or, binds::OR),
            Kind::Word("and") => (BinaryOp::And, binds::AND),
            Kind::Symbol("==") => (BinaryOp::Cmp(Cmp::Eq), binds::COMPARISON),
            Kind::Symbol("!=") => (BinaryOp::Cmp(Cmp::Ne), binds::COMPARISON),
            Kind::Symbol("<") => (BinaryOp::Cmp(Cmp::Lt), binds::COMPARISON),
            Kind::Symbol("<=") => (BinaryOp::Cmp(Cmp::Le), binds::COMPARISON),
            Kind::Symbol(">") => (BinaryOp::Cmp(Cmp::Gt), binds::COMPARISON),
            Kind::Symbol(">=") => (BinaryOp::Cmp(Cmp::Ge), binds::COMPARISON),
            Kind::Symbol("+") => (BinaryOp::Math(Math::Add), binds::SUM),
            Kind::Symbol("-") => (BinaryOp::Math(Math::Sub), binds::SUM),
            Kind::Symbol("*") => (BinaryOp::Math(Math::Mul), binds::PRODUCT),
            Kind::Symbol("/") => (BinaryOp::Math(Math::Div), binds::PRODUCT),
            Kind::Symbol("%") => (BinaryOp::Math(Math::Rem), binds::PRODUCT),
            _ => return None,
        })
    }
}
