//! The screens of licenses, in a store that has some to show.

use appgrant::{
    domain::{
        licenses::{LicenseDraft, Overlap, ProductDraft, SettingsChange},
        token_life::TokenLife,
    },
    service::licenses::{self, MadeLicense},
};

use crate::{gallery::Looker, screens::Screens};

/// Long enough to need breaking on a narrow window.
const DOWNLOAD: &str =
    "https://downloads.shop.example/plugins/tea-and-biscuits/releases/tea-and-biscuits-1.12.5.zip";

/// SKU and name of products.
const PRODUCTS: [(&str, &str, bool); 3] = [
    ("tea-plugin", "Tea for your shop", false),
    ("biscuit-theme-professional-edition-2026", "Biscuit theme", false),
    ("till-desktop", "Till for the counter", true),
];

/// Customers: name, e-mail address, product, last day, limits.
const CUSTOMERS: [(&str, &str, usize, &str, &str); 5] = [
    ("Charles Babbage", "charles@difference-engines.example", 1, "2099-12-31", "1"),
    ("Grace Hopper", "grace@hopper.example", 0, "", "5"),
    ("", "accounts.payable.department@a-customer-with-a-long-name.example", 2, "", ""),
    ("Mary Somerville", "", 0, "2099-06-30", "3"),
    ("Ada Byron", "ada@byron.example", 0, "2099-01-31", "3"),
];

const CSV: &str = "license_key,sku,customer
Cqu62al903ICv40am9nM68Y7o9-32,tea-plugin,Emmy Noether
Dqu62al903ICv40am9nM68Y7o9,tea-plugin,Nobody
";

impl Screens<'_> {
    /// Looks at all of them.
    pub async fn licenses(&self, looker: &mut impl Looker) {
        self.look("/admin/licenses", "licenses-none", looker).await;
        self.first_license(looker).await;
        let license = self.sell().await;
        self.look("/admin/licenses", "licenses", looker).await;
        self.look("/admin/licenses?state=expired&q=x", "licenses-none-fit", looker).await;
        self.one_license(license.id, looker).await;
        self.license_products(looker).await;
        self.license_settings(looker).await;
        self.license_import(looker).await;
        self.open("/admin/keys/1").await;
    }

    async fn first_license(&self, looker: &mut impl Looker) {
        let browser = self.browser;
        self.look("/admin/licenses/new", "license-new", looker).await;
        browser.fill("#sku", "sample").await;
        browser.fill("#email", "nobody").await;
        browser.fill("#activation_limit", "many").await;
        browser.fill("#download_url", "v1.0").await;
        browser.press("main form .button.primary").await;
        browser.text("[role=alert]").await;
        looker.look(browser, "license-new-error").await;
        browser.fill("#email", "").await;
        browser.fill("#activation_limit", "").await;
        browser.fill("#download_url", "").await;
        browser.press("main form .button.primary").await;
        browser.text("#license-key").await;
        looker.look(browser, "license-made").await;
    }

    /// Licenses of several products, the last one in use; that one.
    async fn sell(&self) -> MadeLicense {
        let (services, ada) = (self.store.services(), self.store.caller("ada").await);
        let mut last = None;
        for (customer, email, product, ends, limit) in CUSTOMERS {
            let (sku, name, desktop) = PRODUCTS[product];
            let draft = LicenseDraft {
                sku: sku.to_owned(),
                customer: customer.to_owned(),
                email: email.to_owned(),
                expires_at: ends.to_owned(),
                activation_limit: limit.to_owned(),
                domain_limit: limit.to_owned(),
                offline_interval: "days".to_owned(),
                offline_value: "7".to_owned(),
                ..LicenseDraft::default()
            };
            let product = ProductDraft {
                sku: sku.to_owned(),
                name: name.to_owned(),
                download_name: "v1.12.5".to_owned(),
                download_url: DOWNLOAD.to_owned(),
                desktop,
            };
            let made = licenses::create(services, &ada, &draft, Some(&product)).await.unwrap();
            last = Some(made);
        }
        licenses::revoke(services, &ada, 2, "paid back").await.unwrap();
        let last = last.unwrap();
        for domain in
            ["shop.example", "a-shop-with-a-very-long-name-indeed.customers.hosting.example"]
        {
            self.activate(last.key.expose(), domain).await;
        }
        last
    }

    /// Activates as a program does.
    pub async fn activate(&self, key: &str, domain: &str) {
        let ada = self.store.caller("ada").await;
        let settings = licenses::settings(self.store.services(), &ada).await.unwrap();
        let fields = [
            ("store_code", settings.store_code.as_str()),
            ("sku", "tea-plugin"),
            ("license_key", key),
            ("domain", domain),
        ];
        let path = "/wp-json/woo-license-keys/v1/activate";
        let answer = self.store.browser().post(path, &fields).await;
        assert!(answer.body.contains("activated successfully"), "{}", answer.body);
    }

    async fn one_license(&self, id: i64, looker: &mut impl Looker) {
        let path = format!("/admin/licenses/{id}");
        self.look(&path, "license", looker).await;
        self.look(&format!("{path}/edit"), "license-edit", looker).await;
        let version = "document.querySelector('[name=version]').value = '7'";
        self.browser.run(version).await;
        self.browser.fill("#customer", "Ada Lovelace").await;
        self.browser.press("main form .button.primary").await;
        self.browser.text("[role=alert]").await;
        looker.look(self.browser, "license-edit-late").await;
        self.look(&format!("{path}/revoke"), "license-revoke", looker).await;
        self.look("/admin/licenses/2", "license-revoked", looker).await;
    }

    async fn license_products(&self, looker: &mut impl Looker) {
        self.look("/admin/licenses/products", "license-products", looker).await;
        self.look("/admin/licenses/products/new", "license-product-new", looker).await;
        let path = "/admin/licenses/products/edit?sku=biscuit-theme-professional-edition-2026";
        self.look(path, "license-product-edit", looker).await;
    }

    async fn license_settings(&self, looker: &mut impl Looker) {
        let (services, ada) = (self.store.services(), self.store.caller("ada").await);
        self.look("/admin/licenses/settings", "license-settings", looker).await;
        let change = SettingsChange {
            store_code: Some((None, Overlap::days(30).unwrap())),
            token_life: Some(TokenLife::Never),
            ..SettingsChange::default()
        };
        licenses::change_settings(services, &ada, change).await.unwrap();
        self.open("/admin/licenses/settings").await;
        self.browser.press_here("#addresses summary").await;
        self.browser.press_here("input[value=own]").await;
        self.browser.fill("#store_code", "short").await;
        self.browser.press("#change-code").await;
        self.browser.text("[role=alert]").await;
        looker.look(self.browser, "license-settings-error").await;
    }

    async fn license_import(&self, looker: &mut impl Looker) {
        self.look("/admin/licenses/import", "license-import", looker).await;
        let file = self.store.folder.path().join("licenses.csv");
        std::fs::write(&file, CSV).unwrap();
        self.browser.fill("#file", file.to_str().unwrap()).await;
        self.browser.press("#look").await;
        self.browser.text("#report").await;
        looker.look(self.browser, "license-import-looked-at").await;
    }
}
