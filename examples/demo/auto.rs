//! Plays the manager without a browser: follows the app's button, logs in, approves, and looks at what
//! the app shows.

use std::{collections::BTreeMap, time::Instant};

use reqwest::{Client, RequestBuilder, Response, header::LOCATION, redirect};
use scraper::{Html, Selector};

use crate::{Outcome, service::AppGrant};

/// A form's fields.
type Fields = BTreeMap<String, String>;

/// The manager's browser.
struct Browser(Client);

/// Goes through the whole story; an error if the app's key did not work in the end.
pub async fn play(app_url: &str, appgrant: &AppGrant) -> Outcome<()> {
    let client = Client::builder().cookie_store(true).redirect(redirect::Policy::none()).build()?;
    let browser = Browser(client);
    let home = browser.get("the app’s page", app_url).await?.text().await?;
    let consent = log_in(&browser, &first(&home, "a.button", "href")?, appgrant).await?;
    let page = browser.get("the consent page", &consent).await?.text().await?;
    let (target, fields) = approve_form(&page)?;
    let approved = browser.post("Approve", &format!("{}{target}", appgrant.url), &fields).await?;
    let shown = browser.get("back at the app", &location(&approved)?).await?.text().await?;

    let answer = first_text(&shown, "#answer")?;
    println!("\n{answer}\n");
    if answer.contains("200 OK") { Ok(()) } else { Err("the key did not work".into()) }
}

/// Follows the app's button through the login; gives the consent page's address.
async fn log_in(browser: &Browser, button: &str, appgrant: &AppGrant) -> Outcome<String> {
    let login = location(&browser.get("“Connect your store”", button).await?)?;
    browser.get("the login page", &login).await?;
    let fields = [("username", appgrant.login), ("password", &appgrant.password)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    location(&browser.post("log in", &login, &fields).await?)
}

impl Browser {
    async fn get(&self, what: &str, url: &str) -> Outcome<Response> {
        step(what, self.0.get(url)).await
    }

    async fn post(&self, what: &str, url: &str, fields: &Fields) -> Outcome<Response> {
        step(what, self.0.post(url).form(fields)).await
    }
}

/// One request, printed with its status and time.
#[expect(clippy::disallowed_methods, reason = "a duration to print")]
async fn step(what: &str, request: RequestBuilder) -> Outcome<Response> {
    let start = Instant::now();
    let response = request.send().await?;
    let (status, millis) = (response.status(), start.elapsed().as_millis());
    println!("{}  {millis:>5} ms  {what}", status.as_u16());
    if status.is_client_error() || status.is_server_error() {
        return Err(format!("{what}: {}", response.text().await?).into());
    }
    Ok(response)
}

fn location(response: &Response) -> Outcome<String> {
    let header = response.headers().get(LOCATION).ok_or("the answer leads nowhere")?;
    Ok(header.to_str()?.to_owned())
}

fn first(page: &str, selector: &str, attribute: &str) -> Outcome<String> {
    let html = Html::parse_document(page);
    let found = html.select(&Selector::parse(selector)?).next();
    Ok(found
        .and_then(|e| e.attr(attribute))
        .ok_or_else(|| format!("{selector} is not there"))?
        .to_owned())
}

fn first_text(page: &str, selector: &str) -> Outcome<String> {
    let html = Html::parse_document(page);
    let found = html.select(&Selector::parse(selector)?).next();
    Ok(found.ok_or_else(|| format!("{selector} is not there: {page}"))?.text().collect())
}

/// Where the form with the Approve button goes, and its hidden fields.
fn approve_form(page: &str) -> Outcome<(String, Fields)> {
    let html = Html::parse_document(page);
    let inputs = Selector::parse("form#approve input[type=hidden]")?;
    let field = |input: scraper::ElementRef<'_>| {
        Some((input.attr("name")?.to_owned(), input.attr("value")?.to_owned()))
    };
    let fields = html.select(&inputs).filter_map(field).collect();
    Ok((first(page, "form#approve", "action")?, fields))
}
