//! `#[info]` methods.

use syn::{Attribute, Type};

use super::handler::is_context;
use super::method::{check_form, check_receiver, origin, parameters};
use super::subject::without_self;
use crate::check::types::{self, Place};
use crate::diagnose::Diagnostics;
use crate::model::{HookArgument, Info, Subject};
use crate::parse::block::Method;
use crate::parse::options::Options;

/// Reads the handler of a foreign message; `None` if it is not usable, which is reported.
pub(crate) fn read(
    method: &Method,
    attr: &Attribute,
    subject: &Subject,
    report: &Diagnostics,
) -> Option<Info> {
    let before = report.count();
    // Reading reports whatever is in the list: there are no options.
    let _none = Options::of("#[info]", attr, &[], report);
    check_form(method, "a handler", report);
    check_receiver(method, "&mut self", report);
    let (mut arguments, mut ty) = (Vec::new(), None::<Type>);
    let name = &method.sig.ident;
    let form = format!("fn {name}(&mut self, cx: &mut Context<Self>, message: T)");
    for (parameter, typed) in parameters(method, report) {
        if is_context(&typed.ty, parameter, report) {
            arguments.push(HookArgument::Context);
        } else if ty.is_some() {
            report.on(
                typed,
                format!(
                    "`#[info]` gives one message, whole: write `{form}`, and put into `T` what \
                     else there is"
                ),
            );
        } else {
            types::check_owned(&typed.ty, Place::Argument, report);
            ty = Some(without_self(&typed.ty, &subject.path));
            arguments.push(HookArgument::Given(0));
        }
    }
    if ty.is_none() {
        report.on(name, format!("`#[info]` gives the message: write `{form}`"));
    }
    let info = Info { origin: origin(method), ty: ty?, arguments };
    (report.count() == before).then_some(info)
}
